import Kernels
import Tensors
import TestSupport
import XCTest

final class PoolingTests: XCTestCase {
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
    // Rows so long that bfloat16 takes them in strips, forward and backward.
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

  func testMaximumEqualsReference() throws {
    for shape in Self.shapes {
      var draws = Draws(1)
      // Few values, so that windows are full of ties.
      let input = draws.integers(shape.inputCount, magnitude: 3)
      var expectedArgument = [UInt8](repeating: 255, count: shape.outputCount)
      let expected = [Float].filled(shape.outputCount, with: untouched) {
        Reference.maxPoolingForward(shape, input: input, output: $0, argument: &expectedArgument)
      }
      let gradient = draws.integers(shape.outputCount, magnitude: 9)
      let expectedGradient = [Float].filled(shape.inputCount, with: untouched) {
        Reference.maxPoolingBackward(
          shape, outputGradient: gradient, argument: expectedArgument, inputGradient: $0)
      }
      try onEveryTable { context, name in
        var argument = [UInt8](repeating: 255, count: shape.outputCount)
        let output = try [Float].filled(shape.outputCount, with: untouched) {
          try MaxPooling.forward(shape, input: input, output: $0, argument: &argument, context: context)
        }
        assertIdentical(output, expected, "\(name) \(shape)")
        XCTAssertEqual(argument, expectedArgument, "\(name) \(shape)")
        let inference = try [Float].filled(shape.outputCount, with: untouched) {
          try MaxPooling.forward(shape, input: input, output: $0, argument: nil, context: context)
        }
        assertIdentical(inference, expected, "\(name) \(shape)")
        let inputGradient = try [Float].filled(shape.inputCount, with: untouched) {
          try MaxPooling.backward(
            shape, outputGradient: gradient, argument: argument, inputGradient: $0, context: context)
        }
        assertIdentical(inputGradient, expectedGradient, "\(name) \(shape)")
      }
    }
  }

  /// PyTorch's rules: the first of equals wins, a NaN wins over all, a window of −∞ has its first element.
  func testTiesAndNaN() throws {
    let shape = try PoolingShape(
      batch: 1, inputHeight: 1, inputWidth: 4, channels: 3, kernelHeight: 1, kernelWidth: 4, strideHeight: 1,
      strideWidth: 1, padding: Padding(top: 0, left: 0, bottom: 0, right: 0), ceilMode: false)
    let input: [Float] = [1, 5, -.infinity, 7, .nan, -.infinity, 7, 9, -.infinity, 2, 3, -.infinity]
    try onEveryTable { context, name in
      var argument = [UInt8](repeating: 255, count: 3)
      let output = try [Float].filled(3, with: 0) {
        try MaxPooling.forward(shape, input: input, output: $0, argument: &argument, context: context)
      }
      assertIdentical(output, [7, .nan, -.infinity], name)
      XCTAssertEqual(argument, [1, 1, 0], name)
    }
  }

  func testAveragesEqualReference() throws {
    for shape in Self.shapes {
      for countIncludesPadding in [false, true] {
        var draws = Draws(2)
        let input = draws.integers(shape.inputCount, magnitude: 100)
        let gradient = draws.integers(shape.outputCount, magnitude: 100)
        let expected = [Float].filled(shape.outputCount, with: untouched) {
          Reference.averagePoolingForward(
            shape, countIncludesPadding: countIncludesPadding, input: input, output: $0)
        }
        let expectedGradient = [Float].filled(shape.inputCount, with: untouched) {
          Reference.averagePoolingBackward(
            shape, countIncludesPadding: countIncludesPadding, outputGradient: gradient, inputGradient: $0)
        }
        try onEveryTable { context, name in
          let output = try [Float].filled(shape.outputCount, with: untouched) {
            try AveragePooling.forward(
              shape, countIncludesPadding: countIncludesPadding, input: input, output: $0, context: context)
          }
          assertIdentical(output, expected, "\(name) \(shape)")
          let inputGradient = try [Float].filled(shape.inputCount, with: untouched) {
            try AveragePooling.backward(
              shape, countIncludesPadding: countIncludesPadding, outputGradient: gradient, inputGradient: $0,
              context: context)
          }
          assertIdentical(inputGradient, expectedGradient, "\(name) \(shape)")
        }
      }
    }
  }

  func testAdaptiveAveragesEqualReference() throws {
    for (height, width, outHeight, outWidth, channels) in [
      (6, 6, 6, 6, 16), (13, 7, 6, 6, 17), (1, 1, 6, 6, 5), (7, 9, 1, 1, 33), (5, 4, 7, 3, 8), (10, 10, 3, 4, 1),
    ] {
      var draws = Draws(3)
      let (inputCount, outputCount) = (2 * height * width * channels, 2 * outHeight * outWidth * channels)
      let input = draws.integers(inputCount, magnitude: 100)
      let gradient = draws.integers(outputCount, magnitude: 100)
      let expected = [Float].filled(outputCount, with: untouched) {
        Reference.adaptiveAveragePoolingForward(
          batch: 2, inputHeight: height, inputWidth: width, channels: channels, outputHeight: outHeight,
          outputWidth: outWidth, input: input, output: $0)
      }
      let expectedGradient = [Float].filled(inputCount, with: untouched) {
        Reference.adaptiveAveragePoolingBackward(
          batch: 2, inputHeight: height, inputWidth: width, channels: channels, outputHeight: outHeight,
          outputWidth: outWidth, outputGradient: gradient, inputGradient: $0)
      }
      try onEveryTable { context, name in
        let output = try [Float].filled(outputCount, with: untouched) {
          try AdaptiveAveragePooling.forward(
            batch: 2, inputHeight: height, inputWidth: width, channels: channels, outputHeight: outHeight,
            outputWidth: outWidth, input: input, output: $0, context: context)
        }
        assertIdentical(output, expected, "\(name) \(height)×\(width) to \(outHeight)×\(outWidth)")
        let inputGradient = try [Float].filled(inputCount, with: untouched) {
          try AdaptiveAveragePooling.backward(
            batch: 2, inputHeight: height, inputWidth: width, channels: channels, outputHeight: outHeight,
            outputWidth: outWidth, outputGradient: gradient, inputGradient: $0, context: context)
        }
        assertIdentical(inputGradient, expectedGradient, "\(name) \(height)×\(width) to \(outHeight)×\(outWidth)")
      }
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let shape = try PoolingShape(
      batch: 3, inputHeight: 27, inputWidth: 27, channels: 20, kernelHeight: 3, kernelWidth: 3, strideHeight: 2,
      strideWidth: 2, padding: Padding(top: 0, left: 0, bottom: 0, right: 0), ceilMode: false)
    var draws = Draws(4)
    let input = draws.floats(shape.inputCount)
    let gradient = draws.floats(shape.outputCount)
    try assertSameBitsForAnyThreadCount { context in
      var argument = [UInt8](repeating: 255, count: shape.outputCount)
      let output = try [Float].filled(shape.outputCount, with: 0) {
        try MaxPooling.forward(shape, input: input, output: $0, argument: &argument, context: context)
      }
      return try output
        + [Float].filled(shape.inputCount, with: 0) {
          try MaxPooling.backward(
            shape, outputGradient: gradient, argument: argument, inputGradient: $0, context: context)
        }
        + [Float].filled(shape.inputCount, with: 0) {
          try AveragePooling.backward(
            shape, countIncludesPadding: true, outputGradient: gradient, inputGradient: $0, context: context)
        }
    }
  }
}
