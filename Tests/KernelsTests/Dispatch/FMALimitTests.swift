import Parallel
import TestSupport
import XCTest

@testable import Kernels

final class FMALimitTests: XCTestCase {
  func testTheChainsEndWhereTheirFormulaSays() {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let columns = variant.context.kernels.matrix.columns
      var values = [Float](repeating: 0, count: 12 * 16)
      for i in values.indices { values[i] = Float(i) }
      let operations = variant.context.kernels.matrix.multiplyAddChains(3, &values)
      // Twelve vectors of half a panel's columns each: x / 8 + 7 / 4 after three steps, exactly.
      let count = 12 * columns / 2
      XCTAssertEqual(operations, 3 * 2 * count, variant.name)
      for i in values.indices {
        XCTAssertEqual(values[i], i < count ? Float(i) / 8 + 1.75 : Float(i), "\(variant.name), element \(i)")
      }
    }
  }

  /// Benchmarks show how fast it is and that no layer exceeds it: here the machine may be busy.
  func testTheLimitIsMeasuredForWhatThereAreInstructionsFor() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let limit = try FMALimit.float32(context: variant.context)
      XCTAssertTrue(limit > 0 && limit.isFinite, variant.name)
      XCTAssertNil(try FMALimit.bfloat16(context: variant.context), variant.name)
    }
    for variant in KernelVariant.bfloat16(emulated: false) {
      let limit = try XCTUnwrap(FMALimit.bfloat16(context: variant.context), variant.name)
      XCTAssertTrue(limit > 0 && limit.isFinite, variant.name)
    }
  }
}
