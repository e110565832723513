import Kernels
import Tensors
import TestSupport
import XCTest

final class QuantizationTests: XCTestCase {
  func testBytesAreTheReferencesAndComeBack() throws {
    for (scale, zeroPoint) in [(Float(0.5), UInt8(0)), (0.013, 128), (3e-5, 255), (1e30, 17)] {
      let quantization = try Quantization(scale: scale, zeroPoint: zeroPoint)
      // Ties, both ends and beyond, in all lengths of a vector's rest.
      let values =
        (-600...600).map { Float($0) / 2 * scale } + RandomValues.uniform(100_003, seed: 1).map { $0 * 200 * scale }
      for variant in KernelVariant.int8() {
        var bytes = [UInt8](repeating: 9, count: values.count)
        try quantization.quantize(count: values.count, input: values, output: &bytes, context: variant.context)
        XCTAssertEqual(bytes, values.map { Reference.quantize($0, quantization) }, variant.name)
        var floats = [Float](repeating: .nan, count: values.count)
        try quantization.dequantize(count: values.count, input: bytes, output: &floats, context: variant.context)
        XCTAssertEqual(floats, bytes.map { scale * (Float($0) - Float(zeroPoint)) }, variant.name)
      }
    }
  }

  func testValuesWithoutAByteAreRefused() throws {
    let quantization = try Quantization(scale: 1, zeroPoint: 0)
    var bytes = [UInt8](repeating: 0, count: 3)
    for bad in [Float.nan, -.infinity] {
      XCTAssertThrowsError(
        try quantization.quantizeFinite(
          "the input", count: 3, [0, bad, 1], into: &bytes, context: KernelVariant.int8()[0].context)
      ) {
        XCTAssertEqual(
          $0 as? EngineError,
          .nonFinite(
            "int8: value 1 of the input is \(bad), expected finite values, or another precision"))
      }
    }
  }

  func testScalesThatAreNoneAreRefused() {
    for scale in [Float.nan, .infinity, 0, -1, .leastNonzeroMagnitude, 3e38] {
      XCTAssertThrowsError(try Quantization(scale: scale, zeroPoint: 0), "\(scale)") {
        guard case EngineError.invalidValue = $0 else { return XCTFail("\($0)") }
      }
    }
  }
}
