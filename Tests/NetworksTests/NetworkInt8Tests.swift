import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Networks

/// Whole networks in bytes against the same networks in float32.
final class NetworkInt8Tests: XCTestCase {
  private let int8 = Arithmetic(precision: .int8)
  private let batch = 9

  /// Layers on bytes, layers that are computed in float32, and a dropout that multiplies.
  private let mixed = """
    network mixed
    data channels=3 height=17 width=16
    convolution conv1 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
    relu relu1
    response_norm norm1 size=3 alpha=0.01 beta=0.75 k=2 alpha_over_n=0 groups=1
    max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
    convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=2
    tanh tanh2
    average_pool pool2 kernel=2 stride=2 pad=0,0,0,0 ceil=0 count_include_pad=0
    locally_connected local3 outputs=4 kernel=3 stride=1 pad=1,1,1,1
    relu relu3
    dense fc4 outputs=24
    relu relu4
    dropout drop4 probability=0.5 form=paper2012
    dense fc5 outputs=5
    softmax prob
    """

  private let bytesOnly = """
    network bytes
    data channels=3 height=19 width=16
    convolution conv1 outputs=10 kernel=5 stride=2 pad=2,2,2,2 groups=1
    relu relu1
    max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
    convolution conv2 outputs=12 kernel=3 stride=1 pad=1,1,1,1 groups=2
    max_pool pool2 kernel=2 stride=2 pad=0,0,0,0 ceil=0
    dense fc3 outputs=20
    relu relu3
    dropout drop3 probability=0.5 form=inverted
    dense fc4 outputs=7
    softmax prob
    """

  private func network(_ text: String, on variant: KernelVariant? = nil) throws -> Network {
    let kernels = try variant?.context.kernels ?? ComputeContext().kernels
    return try Network(spec: try NetworkSpec(text: text), initialization: .torchvision, seed: 1) {
      ComputeContext(kernels: kernels)
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

  /// The outputs of all nodes before the softmax, one after another.
  private func activations(_ network: Network, _ x: [Float], _ arithmetic: Arithmetic) throws -> [[Float]] {
    let images = x.count / network.spec.input.count
    return try network.spec.nodes.indices.map { node in
      var output = [Float](repeating: .nan, count: images * network.layers[node].outputShape.count)
      try output.withUnsafeMutableBufferPointer { memory in
        guard let base = memory.baseAddress else { return }
        try network.capture(
          [network.spec.nodes[node].name], of: x, batch: images, layout: .nhwc, arithmetic: arithmetic, into: [base])
      }
      return output
    }
  }

  /// Ranges from the smallest to the largest value.
  private func calibrate(_ network: Network, _ x: [Float]) throws {
    func quantization(_ values: [Float]) throws -> Quantization {
      let (low, high) = (min(0, values.min() ?? 0), max(0, values.max() ?? 0))
      let scale = max(high - low, 1e-3) / 255
      return try Quantization(scale: scale, zeroPoint: UInt8((-low / scale).rounded()))
    }
    try network.setQuantization(
      NetworkQuantization(
        input: try quantization(x), outputs: try activations(network, x, Arithmetic()).map(quantization)))
  }

  func testLogitsAreCloseToThoseOfFloat32() throws {
    for text in [mixed, bytesOnly] {
      let network = try network(text)
      let x = input(network)
      try calibrate(network, x)
      let expected = try logits(network, x, Arithmetic())
      let found = try logits(network, x, int8)
      let largest = expected.map(abs).max() ?? 0
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      XCTAssertLessThan(error, 0.04 * largest, network.spec.name)
      XCTAssertNotEqual(found, expected)
    }
  }

  func testActivationsAreBytesOfTheirQuantizations() throws {
    let network = try network(mixed)
    let x = input(network)
    try calibrate(network, x)
    let used = try XCTUnwrap(try network.requiredQuantization(int8))
    for (node, values) in try activations(network, x, int8).enumerated() where node < network.logitsNode {
      let (scale, zero) = (used.outputs[node].scale, Float(used.outputs[node].zeroPoint))
      let bytes = values.map { ($0 / scale).rounded() + zero }
      XCTAssert(bytes.allSatisfy { (0...255).contains($0) })
      XCTAssertEqual(values, bytes.map { scale * ($0 - zero) }, network.spec.nodes[node].name)
      XCTAssertGreaterThan(Set(bytes).count, 20, "\(network.spec.nodes[node].name) is not just one number")
    }
  }

  func testSameBitsOnEveryInstructionSet() throws {
    var expected: [Float]?
    for variant in KernelVariant.int8() {
      let network = try network(bytesOnly, on: variant)
      let x = input(network)
      // Calibrated on other kernels, ranges would differ in their last bits.
      try network.setQuantization(
        NetworkQuantization(
          input: try Quantization(scale: 0.01, zeroPoint: 120),
          outputs: try network.layers.map { _ in try Quantization(scale: 0.02, zeroPoint: 60) }))
      let found = try logits(network, x, int8)
      XCTAssertEqual(found, expected ?? found, variant.name)
      XCTAssertGreaterThan(Set(found).count, batch, "images differ in their logits")
      expected = found
    }
  }

  func testAnImageHasTheSameBitsInAnyBatchAndOnAnyThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for text in [mixed, bytesOnly] {
      let network = try network(text)
      // More than are computed at once.
      let x = input(network, images: 97)
      try calibrate(network, Array(x.prefix(batch * network.spec.input.count)))
      let expected = try logits(network, x, int8)
      for count in 1...3 {
        try ThreadPool.shared.setThreadCount(count)
        XCTAssertEqual(try logits(network, x, int8), expected, "\(count) threads")
      }
      let alone = try logits(network, Array(x.suffix(network.spec.input.count)), int8)
      XCTAssertEqual(alone, Array(expected.suffix(network.classCount)))
    }
  }

  func testChangedAndBorrowedWeightsAreUsed() throws {
    let network = try network(bytesOnly)
    let x = input(network)
    try calibrate(network, x)
    let before = try logits(network, x, int8)
    let weight = network.parameters[0]
    let values = weight.borrowValues()
    XCTAssertEqual(try logits(network, x, int8), before, "nothing is kept while weights are borrowed")
    for index in 0..<weight.count { values[index] *= -1 }
    weight.giveBackValues()
    XCTAssertNotEqual(try logits(network, x, int8), before)
  }

  func testTheTableSaysHowNodesCompute() throws {
    let network = try network(mixed)
    XCTAssertFalse(network.summary.contains { $0.detail.contains("int8") || $0.detail.contains("float32") })
    try calibrate(network, input(network))
    let details = Dictionary(uniqueKeysWithValues: network.summary.map { ($0.name, $0.detail) })
    for name in ["conv1", "conv2", "fc4", "fc5"] { XCTAssert(details[name]?.hasSuffix("int8") ?? false, name) }
    for name in ["norm1", "tanh2", "pool2", "local3"] { XCTAssert(details[name]?.hasSuffix("float32") ?? false, name) }
    for name in ["data", "relu1", "pool1", "drop4", "prob"] {
      XCTAssertFalse(details[name]?.contains("float32") ?? true, name)
    }
    try network.setQuantization(nil)
    XCTAssertFalse(network.summary.contains { $0.detail.contains("int8") })
  }

  func testWhatCannotBeIsRefused() throws {
    let network = try network(mixed)
    let x = input(network)
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
      } catch { return "\(error)" }
      return ""
    }
    XCTAssert(message { _ = try logits(network, x, int8) }.contains("has not been quantised"))
    let one = try Quantization(scale: 1, zeroPoint: 0)
    XCTAssert(
      message { try network.setQuantization(NetworkQuantization(input: one, outputs: [one])) }
        .contains("got 2 tensors, mixed has 15"))
    try calibrate(network, x)
    XCTAssert(
      message { _ = try logits(network, x, Arithmetic(precision: .int8, int8DenseWeights: true)) }
        .contains("expected one of them"))
    var output = [Float](repeating: 0, count: batch * network.classCount)
    XCTAssert(
      message {
        try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: nil, arithmetic: int8, into: &output)
      }.contains("int8, which is for inference"))
    var hole = x
    hole[1000] = .nan
    XCTAssert(message { _ = try logits(network, hole, int8) }.contains("value 1000 of the input is nan"))
    network.parameters[2].value.pointer[5] = .infinity
    network.parameters[2].noteChange()
    XCTAssert(message { _ = try logits(network, x, int8) }.contains("conv2.weight: int8 weights"))
  }
}
