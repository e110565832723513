import Kernels
import Tensors
import XCTest

@testable import Networks

final class GradientMemoryTests: XCTestCase {
  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=8 width=8
      convolution conv1 outputs=5 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      dense fc2 outputs=7
      dense fc3 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  func testGradientsStandInOneBlockTheLastLayersFirst() throws {
    let network = try network()
    XCTAssertTrue(network.gradientMemory.blocks.isEmpty)
    let gradients = try network.parameters.map { try $0.makeGradient() }
    let block = try XCTUnwrap(network.gradientMemory.blocks.first)
    XCTAssertEqual(network.gradientMemory.blocks.count, 1)
    var next = block.pointer
    for (parameter, gradient) in zip(network.parameters, gradients).reversed() {
      XCTAssertEqual(gradient.count, parameter.count)
      XCTAssertEqual(gradient.pointer, next, parameter.name)
      XCTAssertEqual(Int(bitPattern: gradient.pointer) % AlignedBuffer<Float>.alignment, 0)
      next += (gradient.count + 15) / 16 * 16
    }
    XCTAssertEqual(next, block.pointer + block.count)
    XCTAssertTrue(gradients.allSatisfy { $0.buffer.allSatisfy { $0 == 0 } })
  }

  func testWhatIsNotNeededTakesNoMemory() throws {
    let network = try network()
    let fc3 = try XCTUnwrap(network.parameters.first { $0.name == "fc3.weight" })
    _ = try fc3.makeGradient()
    XCTAssertEqual(network.gradientMemory.blocks.count, 1)
    XCTAssertEqual(network.parameters.filter { $0.gradientBytes > 0 }.map(\.name), ["fc3.weight", "fc3.bias"])
    _ = try network.parameters[0].makeGradient()
    XCTAssertEqual(network.gradientMemory.blocks.count, 2)
    XCTAssertTrue(network.parameters.allSatisfy { $0.gradientBytes > 0 })
  }

  func testABackwardPassCountsWhatItHasFinished() throws {
    let network = try network()
    XCTAssertEqual(network.gradientMemory.finishedCount, 0)
    var logits = [Float](repeating: 0, count: 2 * 3)
    try network.forwardKeeping(
      [Float](repeating: 1, count: 2 * 192), batch: 2, layout: .nhwc, dropout: nil, into: &logits)
    try network.backward(logits, batch: 2, layout: .nhwc, accumulate: false, inputGradient: nil)
    let block = try XCTUnwrap(network.gradientMemory.blocks.first)
    XCTAssertEqual(network.gradientMemory.blocks.count, 1)
    XCTAssertEqual(network.gradientMemory.finishedCount, block.count)
  }

  func testRefusedMemoryLeavesNothingBehind() throws {
    let network = try network()
    TensorMemory.failAllocation(after: 0)
    XCTAssertThrowsError(try network.parameters[0].makeGradient())
    TensorMemory.failAllocation(after: -1)
    XCTAssertTrue(network.gradientMemory.blocks.isEmpty)
    XCTAssertEqual(try network.parameters[0].makeGradient().count, network.parameters[0].count)
  }
}
