import Kernels
import Tensors
import XCTest

@testable import Networks

final class LocallyConnectedLayerTests: XCTestCase {
  private func local(_ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Padding = Padding(1)) -> NodeOperation {
    .locallyConnected(outputs: outputs, kernel: kernel, stride: stride, padding: padding)
  }

  /// Two locally connected layers, the first with a ReLU to fuse, after a convolution.
  private func network() throws -> Network {
    try Network(
      spec: NetworkSpec(
        name: "local", input: FeatureShape(height: 9, width: 8, channels: 3),
        nodes: [
          NodeSpec("conv1", .convolution(outputs: 6, kernel: 3, stride: 2, padding: Padding(1), groups: 1)),
          NodeSpec("local3", local(7)), NodeSpec("relu3", .relu),
          NodeSpec("local4", local(5, kernel: 2, stride: 2, padding: Padding(top: 0, left: 1, bottom: 1, right: 0))),
          NodeSpec("fc10", .dense(outputs: 4)), NodeSpec("prob", .softmax),
        ]), initialization: .torchvision, seed: 3)
  }

  /// The layers of cuda-convnet's `conv-local-13pct` and `conv-local-11pct`.
  func testCountsOfThePublishedNets() throws {
    for (inputs, outputs, parameters) in [(64, 32, 664_704), (32, 32, 332_928), (64, 64, 1_329_408)] {
      let layers = try NetworkSpec(
        name: "net", input: FeatureShape(height: 6, width: 6, channels: inputs),
        nodes: [NodeSpec("local", local(outputs))]
      ).makeLayers()
      let layer = layers[0]
      XCTAssertEqual(layer.parameters.reduce(0) { $0 + $1.count }, parameters)
      XCTAssertEqual(layer.macs, 36 * 9 * inputs * outputs)
      XCTAssertEqual(layer.outputShape, FeatureShape(height: 6, width: 6, channels: outputs))
      XCTAssertEqual(layer.detail, "3×3, stride 1, pad 1, untied")
      XCTAssertEqual(layer.parameters.map(\.fanIn), [9 * inputs, 9 * inputs])
    }
  }

  func testTheWorldSeesFiltersOfEveryPosition() throws {
    let parameters = try network().parameters
    let weight = try XCTUnwrap(parameters.first { $0.name == "local3.weight" })
    let bias = try XCTUnwrap(parameters.first { $0.name == "local3.bias" })
    XCTAssertEqual(weight.shape, [5, 4, 7, 6, 3, 3])
    // [oh][ow][kh][kw][in][out] in memory.
    let filter = 3 * 3 * 6 * 7
    XCTAssertEqual(weight.strides, [4 * filter, filter, 1, 7, 3 * 6 * 7, 6 * 7])
    XCTAssertEqual(bias.shape, [5, 4, 7])
    XCTAssertEqual(bias.strides, [28, 7, 1])
  }

  func testBackwardAgreesWithDifferences() throws {
    try checkBackward(of: network(), batch: 3)
    try checkBackward(of: network(), batch: 9)
  }

  func testCaptureTellsTheLayerFromItsReLU() throws {
    let (network, batch) = (try network(), 2)
    let x = randomFloats(batch * network.spec.input.count, seed: 7)
    var before = [Float](repeating: .nan, count: batch * 5 * 4 * 7)
    var after = before
    func capture(_ name: String, _ output: inout [Float]) throws {
      try output.withUnsafeMutableBufferPointer { output in
        try network.capture([name], of: x, batch: batch, layout: .nhwc, into: [try XCTUnwrap(output.baseAddress)])
      }
    }
    try capture("local3", &before)
    try capture("relu3", &after)
    XCTAssertTrue(before.contains { $0 < 0 })
    XCTAssertEqual(before.map { max(0, $0) }, after)
  }

  func testTextAndBack() throws {
    let spec = try network().spec
    XCTAssertTrue(spec.text.contains("locally_connected local4 outputs=5 kernel=2 stride=2 pad=0,1,1,0\n"), spec.text)
    XCTAssertEqual(try NetworkSpec(text: spec.text), spec)
  }

  func testRefusals() {
    func attempt(_ operation: NodeOperation, side: Int = 6) throws {
      _ = try NetworkSpec(
        name: "net", input: FeatureShape(height: side, width: side, channels: 4), nodes: [NodeSpec("l", operation)]
      ).makeLayers()
    }
    for (operation, text) in [
      (local(0), "output channels 0"), (local(4, kernel: 0), "kernel height 0"),
      (local(4, kernel: 9), "kernel of 9 × 9"),
      (local(4, stride: 0), "stride height 0"), (local(4, padding: Padding(-1)), "padding -1"),
    ] {
      XCTAssertThrowsError(try attempt(operation)) { error in
        XCTAssertTrue("\(error)".contains("node l reading data (4×6×6): locally_connected: "), "\(error)")
        XCTAssertTrue("\(error)".contains(text), "\(error) does not contain \(text)")
      }
    }
    XCTAssertThrowsError(try attempt(local(1 << 20, kernel: 101), side: 200)) { error in
      guard case EngineError.outOfMemory = error else { return XCTFail("\(error)") }
    }
  }
}
