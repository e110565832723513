import Kernels
import Tensors
import TestSupport
import XCTest

@testable import Networks

/// Passes with `fastMath`: close to the exact ones but not identical, and never the default.
final class FastMathTests: XCTestCase {
  private let batch = 2

  private func network(_ context: ComputeContext) throws -> Network {
    let spec = NetworkSpec(
      name: "fast", input: FeatureShape(height: 18, width: 17, channels: 3),
      nodes: [
        NodeSpec("conv1", .convolution(outputs: 32, kernel: 3, stride: 1, padding: Padding(1), groups: 1)),
        NodeSpec("relu1", .relu),
        NodeSpec("conv2", .convolution(outputs: 40, kernel: 3, stride: 1, padding: Padding(1), groups: 2)),
        NodeSpec("relu2", .relu), NodeSpec("fc3", .dense(outputs: 7)), NodeSpec("prob", .softmax),
      ])
    let (kernels, gemm) = (context.kernels, try context.gemm)
    return try Network(spec: spec, initialization: .torchvision, seed: 1) {
      ComputeContext(kernels: kernels, gemm: gemm)
    }
  }

  private func logits(_ network: Network, fastMath: Bool) throws -> [Float] {
    let x = randomFloats(batch * network.spec.input.count, seed: 7)
    var output = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forward(
      x, batch: batch, layout: .nhwc, arithmetic: Arithmetic(fastMath: fastMath), into: &output)
    return output
  }

  func testItIsCloseToTheExactPassAndDiffers() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let network = try network(variant.context)
      let (exact, fast) = (try logits(network, fastMath: false), try logits(network, fastMath: true))
      let bound = 2e-5 * exact.reduce(0) { max($0, abs($1)) }
      XCTAssert(zip(exact, fast).allSatisfy { abs($0 - $1) <= bound }, variant.name)
      XCTAssertNotEqual(exact, fast, variant.name)
      XCTAssertEqual(exact, try logits(network, fastMath: false), variant.name)
    }
  }

  func testGradientsAreCloseToTheExactOnesAndDiffer() throws {
    func gradients(_ network: Network, fastMath: Bool) throws -> [[Float]] {
      let x = randomFloats(batch * network.spec.input.count, seed: 7)
      var output = [Float](repeating: .nan, count: batch * network.classCount)
      try network.forwardKeeping(
        x, batch: batch, layout: .nhwc, dropout: nil, arithmetic: Arithmetic(fastMath: fastMath), into: &output)
      var inputGradient = [Float](repeating: .nan, count: x.count)
      try network.backward(
        randomFloats(output.count, seed: 8), batch: batch, layout: .nhwc, accumulate: false,
        inputGradient: &inputGradient)
      let found = try network.parameters.map { Array(try $0.makeGradient().buffer) }
      return found + [inputGradient]
    }
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let network = try network(variant.context)
      let (exact, fast) = (try gradients(network, fastMath: false), try gradients(network, fastMath: true))
      for (index, pair) in zip(exact, fast).enumerated() {
        let bound = 5e-5 * pair.0.reduce(0) { max($0, abs($1)) }
        XCTAssert(zip(pair.0, pair.1).allSatisfy { abs($0 - $1) <= bound }, "\(variant.name), \(index)")
      }
      XCTAssertNotEqual(exact[2], fast[2], "\(variant.name): conv2's weights")
      XCTAssertNotEqual(exact.last, fast.last, variant.name)
    }
  }

  func testLinearizationsGradientsAreCloseToo() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let network = try network(variant.context)
      let x = randomFloats(batch * network.spec.input.count, seed: 7)
      let cotangent = randomFloats(batch * network.classCount, seed: 8)
      func gradient(fastMath: Bool) throws -> [Float] {
        let kept = try network.linearize(
          x, batch: batch, height: 18, width: 17, layout: .nhwc, nodes: ["fc3"], wrt: [Linearization.data],
          arithmetic: Arithmetic(fastMath: fastMath))
        return try XCTUnwrap(kept.vjp(["fc3": cotangent], layout: .nhwc)[Linearization.data])
      }
      let (exact, fast) = (try gradient(fastMath: false), try gradient(fastMath: true))
      let bound = 5e-5 * exact.reduce(0) { max($0, abs($1)) }
      XCTAssert(zip(exact, fast).allSatisfy { abs($0 - $1) <= bound }, variant.name)
      XCTAssertNotEqual(exact, fast, variant.name)
    }
  }

  func testEightBitWeightsAreRefusedWhereGradientsAreKept() throws {
    let network = try network(XCTUnwrap(KernelVariant.all().first).context)
    var output = [Float](repeating: 0, count: batch * network.classCount)
    let x = randomFloats(batch * network.spec.input.count, seed: 7)
    XCTAssertThrowsError(
      try network.forwardKeeping(
        x, batch: batch, layout: .nhwc, dropout: nil, arithmetic: Arithmetic(int8DenseWeights: true), into: &output))
  }

  func testWithOpenBLASItChangesNothing() throws {
    let variant = KernelVariant.all().last { $0.name == "openblas" }
    try XCTSkipIf(variant == nil, "OpenBLAS is not installed")
    let network = try network(XCTUnwrap(variant).context)
    XCTAssertEqual(try logits(network, fastMath: false), try logits(network, fastMath: true))
  }
}
