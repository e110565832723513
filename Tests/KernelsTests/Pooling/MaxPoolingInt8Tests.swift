import Kernels
import Tensors
import TestSupport
import XCTest

/// Maxima of bytes equal those of the same numbers in float32.
final class MaxPoolingInt8Tests: XCTestCase {
  func testMaxPooling() throws {
    for shape in PoolingShapeTests.shapes {
      let input = RandomValues.integers(shape.inputCount, seed: 4, magnitude: 127).map { UInt8($0 + 127) }
      var argument = [UInt8](repeating: 0, count: shape.outputCount)
      let expected = [Float].filled(shape.outputCount, with: .nan) {
        Reference.maxPoolingForward(shape, input: input.map(Float.init), output: $0, argument: &argument)
      }
      for variant in KernelVariant.int8() {
        var output = [UInt8](repeating: 7, count: shape.outputCount)
        try MaxPooling.forward(shape, input: input, output: &output, context: variant.context)
        XCTAssertEqual(output.map(Float.init), expected, "\(variant.name) \(shape)")
      }
    }
  }
}
