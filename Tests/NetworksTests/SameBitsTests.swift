import Kernels
import TestSupport
import XCTest

@testable import Networks

/// An image gets the same bits alone and in any batch, in every arithmetic and on every instruction set.
final class SameBitsTests: XCTestCase {
  /// Every kind of node, with channels and sides that fill neither vectors nor tiles; conv3 and conv4 use Winograd's
  /// method.
  private let text = """
    network odd
    data channels=3 height=31 width=29
    convolution conv1 outputs=19 kernel=5 stride=2 pad=0,0,3,2 groups=1
    relu relu1
    response_norm norm1 size=5 alpha=0.01 beta=0.75 k=2 alpha_over_n=0 groups=1
    max_pool pool1 kernel=3 stride=1 pad=0,0,0,0 ceil=0
    convolution conv2 outputs=40 kernel=3 stride=1 pad=1,1,1,1 groups=1
    relu relu2
    spatial_response_norm norm2 size=3 alpha=0.01 beta=0.75 k=1 alpha_over_n=1
    convolution conv3 outputs=36 kernel=3 stride=1 pad=1,1,1,1 groups=2
    relu relu3
    convolution conv4 outputs=33 kernel=5 stride=1 pad=2,2,2,2 groups=1
    tanh tanh4
    average_pool pool4 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0
    locally_connected local5 outputs=7 kernel=3 stride=1 pad=1,1,1,1
    relu relu5
    adaptive_average_pool avgpool size=4
    dropout drop5 probability=0.5 form=paper2012
    dense fc6 outputs=131
    relu relu6
    dense fc7 outputs=37
    sigmoid sigmoid7
    dense fc8 outputs=11
    softmax prob
    """

  private func network(_ context: ComputeContext) throws -> Network {
    let (kernels, gemm) = try (context.kernels, context.gemm)
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1) {
      ComputeContext(kernels: kernels, gemm: gemm)
    }
  }

  /// float32, bfloat16 if available, Winograd's method and 8-bit weights.
  private func arithmetics(_ context: ComputeContext) -> [Arithmetic] {
    Precision.trainable(in: context).flatMap { precision in
      [false, true].flatMap { fast in
        [false, true].map { Arithmetic(precision: precision, int8DenseWeights: $0, fastMath: fast) }
      }
    }
  }

  func testProbabilitiesAndEveryNode() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) + KernelVariant.bfloat16() {
      let network = try network(variant.context)
      XCTAssertTrue(
        try ["conv3", "conv4"].allSatisfy { name in
          let layer = try XCTUnwrap(network.layers[network.node(named: name)] as? ConvolutionLayer)
          return try Winograd.serves(layer.shape, context: variant.context)
        })
      let x = randomFloats((SameBits.batches.max() ?? 1) * network.spec.input.count, seed: 7)
      for arithmetic in arithmetics(variant.context) {
        let probabilities = try SameBits.firstDifference(x) { x, batch in
          var output = [Float](repeating: .nan, count: batch * network.classCount)
          try network.probabilities(
            batch: batch, arithmetic: arithmetic, input: network.reader(x, layout: .nhwc), into: &output)
          return output
        }
        XCTAssertNil(probabilities, "\(variant.name), \(arithmetic)")
        for node in ["conv1", "norm1", "pool1", "conv4", "norm2", "local5", "avgpool", "fc6", "relu6", "fc8"] {
          let size = network.layers[try network.node(named: node)].outputShape.count
          let some = Array(x.prefix(17 * network.spec.input.count))
          let difference = try SameBits.firstDifference(some, batches: [1, 5, 17]) { x, batch in
            var output = [Float](repeating: .nan, count: batch * size)
            try output.withUnsafeMutableBufferPointer { output in
              try network.capture(
                [node], of: x, batch: batch, layout: .nhwc, arithmetic: arithmetic,
                into: [try XCTUnwrap(output.baseAddress)])
            }
            return output
          }
          XCTAssertNil(difference, "\(variant.name), \(arithmetic), \(node)")
        }
      }
    }
  }

  /// A whole image's scores too, whatever their number.
  func testScoreMaps() throws {
    let text = self.text.split(separator: "\n").filter { !$0.hasPrefix("locally_connected") }.joined(separator: "\n")
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let (kernels, gemm) = try (variant.context.kernels, variant.context.gemm)
      let network = try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1) {
        ComputeContext(kernels: kernels, gemm: gemm)
      }
      let size = try network.scoreMapSize(height: 37, width: 33)
      let x = randomFloats(9 * 37 * 33 * 3, seed: 8)
      let difference = try SameBits.firstDifference(x, batches: [1, 2, 5, 9]) { x, batch in
        var output = [Float](repeating: .nan, count: batch * size.rows * size.columns * network.classCount)
        try network.scoreMap(
          batch: batch, height: 37, width: 33,
          input: { target, range, _ in
            target.update(from: Array(x[(range.lowerBound * 37 * 33 * 3)...]), count: range.count * 37 * 33 * 3)
          }, into: &output)
        return output
      }
      XCTAssertNil(difference, variant.name)
    }
  }
}
