import Kernels
import XCTest

final class PoolingShapeTests: XCTestCase {
  /// Windows, strides, paddings, both roundings, channel tails.
  static let shapes: [PoolingShape] = {
    var shapes: [PoolingShape] = []
    let channelCounts = [1, 3, 4, 7, 8, 15, 16, 17, 33]
    for (index, (kernel, stride, padding)) in [
      (3, 2, 0), (2, 2, 0), (3, 1, 1), (3, 3, 1), (1, 1, 0), (1, 3, 0), (5, 2, 2), (4, 3, 3), (15, 4, 7), (2, 5, 1),
      (3, .max, 1),
    ].enumerated() {
      for (height, width) in [(13, 13), (7, 12), (6, 5), (1, 1), (2, 9)] {
        for ceilMode in [false, true] {
          let shape = try? PoolingShape(
            batch: 1 + index % 2, inputHeight: height, inputWidth: width,
            channels: channelCounts[(index + height + width) % channelCounts.count], kernelHeight: kernel,
            kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
            padding: Padding(top: padding, left: padding, bottom: padding, right: padding), ceilMode: ceilMode)
          if let shape { shapes.append(shape) }
        }
      }
    }
    let asymmetric = try? PoolingShape(
      batch: 2, inputHeight: 9, inputWidth: 8, channels: 5, kernelHeight: 3, kernelWidth: 2, strideHeight: 2,
      strideWidth: 3, padding: Padding(top: 0, left: 1, bottom: 2, right: 0), ceilMode: true)
    // Rows so long that bfloat16 processes them in strips, forward and backward.
    let long = [1, 2].map { stride in
      try? PoolingShape(
        batch: 2, inputHeight: 41, inputWidth: 60, channels: 67, kernelHeight: 3, kernelWidth: 3,
        strideHeight: stride, strideWidth: stride, padding: Padding(1), ceilMode: false)
    }
    return shapes + ([asymmetric] + long).compactMap { $0 }
  }()

  func testOutputSizes() throws {
    func size(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, ceil: Bool) throws -> Int {
      try PoolingShape(
        batch: 1, inputHeight: input, inputWidth: input, channels: 1, kernelHeight: kernel, kernelWidth: kernel,
        strideHeight: stride, strideWidth: stride,
        padding: Padding(top: padding, left: padding, bottom: padding, right: padding), ceilMode: ceil
      ).outputWidth
    }
    for ceil in [false, true] {  // AlexNet: both roundings agree
      XCTAssertEqual(try [55, 27, 13].map { try size($0, 3, 2, 0, ceil: ceil) }, [27, 13, 6])
    }
    XCTAssertEqual(try [32, 16, 8].map { try size($0, 3, 2, 0, ceil: true) }, [16, 8, 4])  // CIFAR nets
    XCTAssertEqual(try [32, 15, 7].map { try size($0, 3, 2, 0, ceil: false) }, [15, 7, 3])
    XCTAssertEqual(try size(4, 2, 2, 1, ceil: true), 3)
    XCTAssertEqual(try size(5, 2, 2, 1, ceil: true), 3, "the last window would start in the padding")
    XCTAssertEqual(try size(5, 1, 3, 0, ceil: true), 2, "the last window would start past the image")
    XCTAssertEqual(try size(2, 3, 2, 0, ceil: true), 1)
    XCTAssertEqual(try size(1, 1, .max, 0, ceil: true), 1)
  }

  func testRefusals() {
    func refusal(
      _ input: Int = 8, kernel: Int = 3, stride: Int = 2, padding: Int = 0, ceil: Bool = false
    ) -> String? {
      do {
        _ = try PoolingShape(
          batch: 1, inputHeight: input, inputWidth: input, channels: 2, kernelHeight: kernel, kernelWidth: kernel,
          strideHeight: stride, strideWidth: stride,
          padding: Padding(top: padding, left: 0, bottom: 0, right: 0), ceilMode: ceil)
        return nil
      } catch { return "\(error)" }
    }
    XCTAssertEqual(
      refusal(2), "max_pool2d: the kernel 3×3 is larger than the padded input 2×2")
    for text in [
      refusal(0), refusal(-1), refusal(kernel: 0), refusal(kernel: 16), refusal(stride: 0), refusal(padding: 3),
      refusal(padding: -1), refusal(padding: .max), refusal(.max), refusal(1, kernel: 3, stride: 2, ceil: true),
      refusal(kernel: .min), refusal(1 << 39),
    ] {
      XCTAssertEqual(text?.hasPrefix("max_pool2d: "), true, text ?? "accepted")
    }
    XCTAssertNil(refusal())
  }
}
