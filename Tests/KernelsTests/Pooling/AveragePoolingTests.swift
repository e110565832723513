import Kernels
import XCTest

final class AveragePoolingTests: XCTestCase {
  func testAveragesEqualReference() throws {
    for shape in PoolingShapeTests.shapes {
      for countIncludePad in [false, true] {
        var draws = Draws(2)
        let input = draws.integers(shape.inputCount, magnitude: 100)
        let gradient = draws.integers(shape.outputCount, magnitude: 100)
        let expected = [Float].filled(shape.outputCount, with: untouched) {
          Reference.averagePoolingForward(
            shape, countIncludePad: countIncludePad, input: input, output: $0)
        }
        let expectedGradient = [Float].filled(shape.inputCount, with: untouched) {
          Reference.averagePoolingBackward(
            shape, countIncludePad: countIncludePad, outputGradient: gradient, inputGradient: $0)
        }
        try onEveryTable { context, name in
          let output = try [Float].filled(shape.outputCount, with: untouched) {
            try AveragePooling.forward(
              shape, countIncludePad: countIncludePad, input: input, output: $0, context: context)
          }
          assertIdentical(output, expected, "\(name) \(shape)")
          let inputGradient = try [Float].filled(shape.inputCount, with: untouched) {
            try AveragePooling.backward(
              shape, countIncludePad: countIncludePad, outputGradient: gradient, inputGradient: $0,
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
    let gradient = draws.floats(shape.outputCount)
    try assertSameBitsForAnyThreadCount { context in
      try [Float].filled(shape.inputCount, with: 0) {
        try AveragePooling.backward(
          shape, countIncludePad: true, outputGradient: gradient, inputGradient: $0, context: context)
      }
    }
  }
}
