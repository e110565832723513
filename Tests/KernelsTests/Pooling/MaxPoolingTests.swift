import Kernels
import XCTest

final class MaxPoolingTests: XCTestCase {
  func testMaximumEqualsReference() throws {
    for shape in PoolingShapeTests.shapes {
      var draws = Draws(1)
      // Few distinct values, so that windows have many ties.
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

  /// PyTorch's rules: the first of equal values wins, a NaN wins over all, a window of −∞ gives its first element.
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
    }
  }
}
