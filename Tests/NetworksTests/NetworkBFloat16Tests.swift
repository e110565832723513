import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Networks

/// Whole networks in bfloat16 against the same networks in float32.
final class NetworkBFloat16Tests: XCTestCase {
  private let batch = 9
  private let bfloat16 = Arithmetic(precision: .bfloat16)

  /// A net whose layers have bfloat16 kernels, one with layers that go via float32, and a smooth one.
  private var specs: [NetworkSpec] {
    get throws {
      let widened = """
        network widened
        data channels=3 height=17 width=16
        convolution conv1 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
        tanh tanh1
        average_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0
        spatial_response_norm norm1 size=3 alpha=0.01 beta=0.75 k=1 alpha_over_n=1
        locally_connected local2 outputs=8 kernel=3 stride=1 pad=1,1,1,1
        relu relu2
        dropout drop2 probability=0.25 form=inverted
        dense fc3 outputs=12
        sigmoid sigmoid3
        dense fc4 outputs=24
        relu relu4
        softmax prob
        """
      let smooth = """
        network smooth
        data channels=3 height=17 width=16
        convolution conv1 outputs=8 kernel=5 stride=2 pad=1,1,1,1 groups=1
        response_norm norm1 size=3 alpha=0.01 beta=0.75 k=2.0 alpha_over_n=0 groups=1
        convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=2
        tanh tanh2
        dense fc3 outputs=12
        dense fc4 outputs=5
        softmax prob
        """
      return [try smallSpec(), try NetworkSpec(text: widened), try NetworkSpec(text: smooth)]
    }
  }

  /// Runs `body` for every network and every instruction set that has bfloat16.
  private func forEach(_ body: (Network, String) throws -> Void) throws {
    let variants = KernelVariant.bfloat16()
    try XCTSkipIf(variants.isEmpty, "this CPU has no bfloat16")
    for spec in try specs {
      for variant in variants {
        let kernels = variant.context.kernels
        let network = try Network(spec: spec, initialization: .torchvision, seed: 1) {
          ComputeContext(kernels: kernels)
        }
        try body(network, "\(spec.name) on \(variant.name)")
      }
    }
  }

  private func input(_ network: Network, images: Int? = nil) -> [Float] {
    randomFloats((images ?? batch) * network.spec.input.count, seed: 7)
  }

  private func logits(_ network: Network, _ x: [Float], _ arithmetic: Arithmetic) throws -> [Float] {
    let images = x.count / network.spec.input.count
    var output = [Float](repeating: .nan, count: images * network.classCount)
    try network.forward(x, batch: images, layout: .nhwc, arithmetic: arithmetic, into: &output)
    return output
  }

  /// Compares relative to the largest expected value.
  private func assertClose(
    _ actual: [Float], _ expected: [Float], within tolerance: Float = 2e-2, _ place: String, line: UInt = #line
  ) {
    XCTAssertEqual(actual.count, expected.count, place, line: line)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    XCTAssertGreaterThan(largest, 0, place, line: line)
    let worst = zip(actual, expected).reduce(Float(0)) { worst, pair in
      pair.0.isNaN ? .infinity : max(worst, abs(pair.0 - pair.1))
    }
    XCTAssertLessThanOrEqual(worst / largest, tolerance, place, line: line)
  }

  func testLogitsAreCloseToFloat32AndNotTheSame() throws {
    try forEach { network, place in
      // Includes more images than go through the convolutions at once.
      for images in [1, batch, 100] {
        let x = input(network, images: images)
        let (exact, rounded) = (try logits(network, x, Arithmetic()), try logits(network, x, bfloat16))
        assertClose(rounded, exact, "\(place), \(images) images")
        XCTAssertNotEqual(rounded, exact, place)
        XCTAssertTrue(rounded.contains { BFloat16($0).float != $0 }, "\(place): logits are rounded to bfloat16")
      }
    }
  }

  func testKeptForwardEqualsInference() throws {
    try forEach { network, place in
      let x = input(network)
      var kept = [Float](repeating: .nan, count: batch * network.classCount)
      try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: nil, arithmetic: bfloat16, into: &kept)
      XCTAssertEqual(kept, try logits(network, x, bfloat16), place)
    }
  }

  private struct Gradients: Hashable {
    var input: [Float]
    var parameters: [[Float]]
  }

  private func gradients(_ network: Network, _ precision: Precision) throws -> Gradients {
    let x = input(network)
    let slope = randomFloats(batch * network.classCount, seed: 8)
    var output = slope
    var dx = [Float](repeating: .nan, count: x.count)
    try network.forwardKeeping(
      x, batch: batch, layout: .nhwc, dropout: DropoutKey(seed: 5, step: 2),
      arithmetic: Arithmetic(precision: precision), into: &output)
    try network.backward(slope, batch: batch, layout: .nhwc, accumulate: false, inputGradient: &dx)
    return Gradients(input: dx, parameters: try network.parameters.map { Array(try $0.makeGradient().buffer) })
  }

  /// A rounded activation may cross zero, or another one may become the largest of its window: whole gradients then
  /// take a different path. Without ReLU and pooling this does not happen.
  func testGradientsPointWhereThoseOfFloat32Point() throws {
    try forEach { network, place in
      let (least, deviation) = network.spec.name == "smooth" ? (0.9999, 0.01) : (0.98, 0.1)
      let (exact, rounded) = (try gradients(network, .float32), try gradients(network, .bfloat16))
      let names = ["x"] + network.parameters.map(\.name)
      for (name, pair) in zip(names, zip([rounded.input] + rounded.parameters, [exact.input] + exact.parameters)) {
        XCTAssertGreaterThan(cosine(pair.0, pair.1), least, "\(place): \(name)")
        let ratio = norm(pair.0) / norm(pair.1)
        XCTAssertEqual(ratio, 1, accuracy: deviation, "\(place): \(name)")
      }
    }
  }

  private func norm(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }

  private func cosine(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } / (norm(a) * norm(b))
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    try forEach { network, place in
      var (seen, slopes): (Set<[Float]>, Set<Gradients>) = ([], [])
      for threads in 1...4 {
        try ThreadPool.shared.setThreadCount(threads)
        seen.insert(try logits(network, input(network), bfloat16))
        slopes.insert(try gradients(network, .bfloat16))
      }
      XCTAssertEqual(seen.count, 1, place)
      XCTAssertEqual(slopes.count, 1, place)
    }
  }

  func testCaptureOfEveryNodeIsCloseToFloat32() throws {
    try forEach { network, place in
      let x = input(network)
      for layout in [TensorLayout.nhwc, .nchw] {
        let exact = try capture(network, x, layout, Arithmetic())
        for (node, values) in zip(network.spec.nodes, zip(try capture(network, x, layout, bfloat16), exact)) {
          assertClose(values.0, values.1, "\(place): \(node.name)")
        }
      }
    }
  }

  private func capture(
    _ network: Network, _ x: [Float], _ layout: TensorLayout, _ arithmetic: Arithmetic
  ) throws -> [[Float]] {
    let buffers = try network.layers.map {
      try AlignedBuffer<Float>(count: batch * $0.outputShape.count, operation: "test")
    }
    try network.capture(
      network.spec.nodes.map(\.name), of: x, batch: batch, layout: layout, arithmetic: arithmetic,
      into: buffers.map(\.pointer))
    return withExtendedLifetime(buffers) { buffers.map { Array($0.buffer) } }
  }

  func testScoreMapIsCloseToFloat32() throws {
    try forEach { network, place in
      guard network.spec.name == "small" else { return }
      let (height, width) = (48, 45)
      let size = try network.scoreMapSize(height: height, width: width)
      let images = randomFloats(2 * height * width * 3, seed: 3)
      func map(_ arithmetic: Arithmetic) throws -> [Float] {
        var output = [Float](repeating: .nan, count: 2 * size.rows * size.columns * network.classCount)
        try network.scoreMap(
          batch: 2, height: height, width: width, arithmetic: arithmetic,
          input: { input, range, _ in
            images.withUnsafeBufferPointer { images in
              let image = height * width * 3
              guard let first = images.baseAddress else { return }
              input.update(from: first + range.lowerBound * image, count: range.count * image)
            }
          }, into: &output)
        return output
      }
      assertClose(try map(bfloat16), try map(Arithmetic()), place)
    }
  }

  func testActivationsTakeFewerBytes() throws {
    try forEach { network, place in
      guard network.spec.name == "small" else { return }
      let bytes = try [Precision.float32, .bfloat16].map { precision in
        let pass = Pass(
          nodes: 0...network.logitsNode, input: network.spec.input, arithmetic: Arithmetic(precision: precision),
          backward: .training)
        return try Plan(layers: network.layers, pass: pass, logits: network.logitsNode, batch: 64).byteCount
      }
      XCTAssertLessThan(Double(bytes[1]), 0.75 * Double(bytes[0]), place)
    }
  }

  func testRefusedMemoryIsAnErrorAndTheNextCallWorks() throws {
    try forEach { network, place in
      let x = input(network)
      let expected = try logits(network, x, bfloat16)
      for allocation in 0..<12 {
        let fresh = try Network(
          spec: network.spec, initialization: .torchvision, seed: 1, makeContext: network.makeContext)
        TensorMemory.failAllocation(after: allocation)
        defer { TensorMemory.failAllocation(after: -1) }
        do { _ = try logits(fresh, x, bfloat16) } catch EngineError.outOfMemory {}
        TensorMemory.failAllocation(after: -1)
        XCTAssertEqual(try logits(fresh, x, bfloat16), expected, place)
      }
    }
  }

  func testOtherInstructionSetsRefuse() throws {
    for variant in KernelVariant.all() where variant.context.kernels.bfloat16 == nil {
      let kernels = variant.context.kernels
      let network = try Network(spec: smallSpec(), initialization: .torchvision, seed: 1) {
        ComputeContext(kernels: kernels)
      }
      XCTAssertEqual(Precision.available(in: variant.context), [.float32, .int8])
      var output = [Float](repeating: 0, count: batch * network.classCount)
      XCTAssertThrowsError(try logits(network, input(network), bfloat16)) { assertRefusal($0, variant.name) }
      XCTAssertThrowsError(
        try network.forwardKeeping(
          input(network), batch: batch, layout: .nhwc, dropout: nil, arithmetic: bfloat16, into: &output)
      ) { assertRefusal($0, variant.name) }
    }
  }

  private func assertRefusal(_ error: any Error, _ name: String) {
    guard case EngineError.unsupported(let message) = error else { return XCTFail("\(error)") }
    XCTAssertTrue(message.contains("bfloat16, the instruction set in use (\(name)) has float32"), message)
  }
}
