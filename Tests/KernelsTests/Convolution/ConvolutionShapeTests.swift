import Kernels
import Tensors
import TestSupport
import XCTest

final class ConvolutionShapeTests: XCTestCase {
  func testSizesOfAlexNet() throws {
    let c = try ConvolutionCase.alexNet()
    XCTAssertEqual(c.map(\.shape.outputHeight), [55, 27, 13, 13, 13, 55, 27, 13, 13, 13])
    XCTAssertEqual(
      c.prefix(5).map { $0.shape.multiplyAccumulates / $0.shape.batch },
      [105_415_200, 223_948_800, 149_520_384, 112_140_288, 74_760_192])
  }

  func testStridesPastTheImageMakeOneWindow() throws {
    let shape = try ConvolutionShape(
      batch: 1, inputHeight: 1, inputWidth: 1, inputChannels: 4, outputChannels: 1, kernelHeight: 1, kernelWidth: 1,
      strideHeight: Int(Int32.max), strideWidth: Int(Int32.max), padding: Padding(0), groups: 1)
    XCTAssertEqual([shape.strideHeight, shape.strideWidth, shape.outputHeight, shape.outputWidth], [1, 1, 1, 1])
    for context in KernelVariant.all().map(\.context) {
      var (dw, db) = ([Float](repeating: 0, count: 4), [Float](repeating: 0, count: 1))
      try Convolution.backwardFilter(
        shape, input: [1, 2, 3, 4], outputGradient: [2], weightGradient: &dw, biasGradient: &db, context: context)
      XCTAssertEqual(dw, [2, 4, 6, 8])
    }
  }

  func testRefusals() {
    expectRefusal("batch 0") { try self.shape(batch: 0) }
    expectRefusal("input height -1") { try self.shape(height: -1) }
    expectRefusal("stride height 0") { try self.shape(stride: 0) }
    expectRefusal("padding -1") { try self.shape(padding: -1) }
    expectRefusal("4 input and 6 output channels in 4 groups") { try self.shape(groups: 4) }
    expectRefusal("kernel of 9 × 9 on a padded image of 8 × 8") { try self.shape(kernel: 9) }
    expectRefusal("expected 1 to 2147483647") { try self.shape(batch: .max) }
  }

  func testAbsurdSizesAreOutOfMemory() {
    let large = Int(Int32.max)
    for attempt in [{ try self.shape(batch: large, height: large) }, { try self.shape(padding: large) }] {
      XCTAssertThrowsError(try attempt()) { error in
        guard case .outOfMemory = error as? EngineError else { return XCTFail("got \(error)") }
      }
    }
  }

  private func shape(
    batch: Int = 1, height: Int = 8, kernel: Int = 3, stride: Int = 1, padding: Int = 0, groups: Int = 2
  ) throws -> ConvolutionShape {
    try ConvolutionShape(
      batch: batch, inputHeight: height, inputWidth: height, inputChannels: 4, outputChannels: 6,
      kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: Padding(padding), groups: groups)
  }

  private func expectRefusal(_ text: String, _ attempt: () throws -> ConvolutionShape) {
    XCTAssertThrowsError(try attempt()) { error in
      guard case .invalidValue(let message) = error as? EngineError else { return XCTFail("got \(error)") }
      XCTAssert(message.hasPrefix("convolution: "), message)
      XCTAssert(message.contains(text), message)
    }
  }
}
