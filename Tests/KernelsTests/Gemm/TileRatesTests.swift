import TestSupport
import XCTest

@testable import Kernels

final class TileRatesTests: XCTestCase {
  /// Their speed is measured by `python benchmarks/tiles.py`, on an idle machine.
  func testEveryTileIsMeasured() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let measured = try TileRates.float32(context: variant.context)
      XCTAssertEqual(measured.map(\.count), variant.context.kernels.matrix.rates.map(\.count), variant.name)
      XCTAssertLessThanOrEqual(measured.map(\.count).max() ?? 0, TileRates.mostRows)
      XCTAssertEqual(measured.count, TileRates.mostVectors)
      for rate in measured.joined() { XCTAssertTrue(rate > 0 && rate.isFinite, variant.name) }
    }
  }
}
