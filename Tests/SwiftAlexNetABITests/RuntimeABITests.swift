import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class RuntimeABITests: XCTestCase {
  func testRuntimeInformation() {
    var info = sax_runtime_info()
    XCTAssertEqual(sax_get_runtime_info(&info), Int32(SAX_OK))
    XCTAssertEqual(sax_set_num_threads(0), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_set_num_threads(1_000_000), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_set_num_threads(sax_get_num_threads()), Int32(SAX_OK))
  }

  func testTileRatesFillTheTable() {
    var rates = [Double](repeating: -1, count: Int(SAX_TILE_VECTORS * SAX_TILE_ROWS))
    XCTAssertEqual(sax_measure_tile_rates(&rates), Int32(SAX_OK))
    XCTAssertTrue(rates.allSatisfy { $0 >= 0 })
    XCTAssertGreaterThan(rates[0], 0)
    XCTAssertEqual(rates.last, 0, "no tile has so many rows of three vectors")
  }
}
