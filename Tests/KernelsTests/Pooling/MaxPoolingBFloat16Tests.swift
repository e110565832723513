import Kernels
import Tensors
import TestSupport
import XCTest

/// Maxima in bfloat16 equal those of float32 on widened numbers, rounded once, to the bit.
final class MaxPoolingBFloat16Tests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testMaxPooling() throws {
    for shape in PoolingShapeTests.shapes {
      var draws = Draws(3)
      // Few distinct values, so that windows have many ties.
      let input = draws.integers(shape.inputCount, magnitude: 3)
      let gradient = draws.floats(shape.outputCount).map(BFloat16.init)
      var expectedArgument = [UInt8](repeating: 255, count: shape.outputCount)
      let expected = [Float].filled(shape.outputCount, with: untouched) {
        Reference.maxPoolingForward(shape, input: input, output: $0, argument: &expectedArgument)
      }
      let narrowInput = input.map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        var argument = [UInt8](repeating: 255, count: shape.outputCount)
        let output = try [BFloat16].filled(shape.outputCount, with: BFloat16(untouched)) {
          try MaxPooling.forward(shape, input: narrowInput, output: $0, argument: &argument, context: variant.context)
        }
        assertIdentical(output.map(\.float), expected, "\(variant.name) \(shape)")
        XCTAssertEqual(argument, expectedArgument, "\(variant.name) \(shape)")
        let floats = try [Float].filled(shape.inputCount, with: untouched) {
          try MaxPooling.backward(
            shape, outputGradient: gradient.map(\.float), argument: argument, inputGradient: $0,
            context: variant.context)
        }
        let inputGradient = try [BFloat16].filled(shape.inputCount, with: BFloat16(untouched)) {
          try MaxPooling.backward(
            shape, outputGradient: gradient, argument: argument, inputGradient: $0, context: variant.context)
        }
        XCTAssertEqual(inputGradient, floats.map(BFloat16.init), "\(variant.name) \(shape)")
      }
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let shape = try PoolingShape(
      batch: 3, inputHeight: 27, inputWidth: 27, channels: 20, kernelHeight: 3, kernelWidth: 3, strideHeight: 2,
      strideWidth: 2, padding: Padding(0), ceilMode: false)
    var draws = Draws(5)
    let input = draws.floats(shape.inputCount).map(BFloat16.init)
    try assertSameBitsForAnyThreadCount { context in
      guard context.kernels.bfloat16 != nil else { return [] }
      return try [BFloat16].filled(shape.outputCount, with: BFloat16(0)) {
        try MaxPooling.forward(shape, input: input, output: $0, argument: nil, context: context)
      }.map(\.float)
    }
  }
}
