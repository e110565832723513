import XCTest

@testable import SwiftAlexNet

final class TextTests: XCTestCase {
  func testNumbersForPeople() {
    XCTAssertEqual(text(12.345, places: 1), "12.3")
    XCTAssertEqual(text(12.06, places: 1), "12.1")
    XCTAssertEqual(text(0.0307, places: 4), "0.0307")
    XCTAssertEqual(text(7.6, places: 0), "8")
    XCTAssertEqual(text(-1.5, places: 2), "-1.50")
    XCTAssertEqual(text(-0.001, places: 2), "0.00")
    for odd in [Double.nan, .infinity, 1e300] { XCTAssertEqual(text(odd, places: 2), "\(odd)") }
  }
}
