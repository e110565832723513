import TestSupport
import XCTest

@testable import Kernels

final class TileRatesTests: XCTestCase {
  func testEveryTileIsMeasuredAndNoneOutrunsTheLimit() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let limit = try FMALimit.float32(context: variant.context)
      let measured = try TileRates.float32(context: variant.context)
      XCTAssertEqual(measured.map(\.count), variant.context.kernels.matrix.rates.map(\.count), variant.name)
      XCTAssertLessThanOrEqual(measured.map(\.count).max() ?? 0, TileRates.mostRows)
      XCTAssertEqual(measured.count, TileRates.mostVectors)
      for rate in measured.joined() {
        // Clocks and other work move both figures; a kernel that counted wrongly would be off by a factor of 2.
        XCTAssertLessThan(rate, 1.5 * limit, variant.name)
        XCTAssertGreaterThan(rate, 0, variant.name)
      }
    }
  }
}
