import TestSupport
import XCTest

@testable import Tensors

final class SystemFileTests: XCTestCase {
  func testLinesOfAnyLength() throws {
    let long = String(repeating: "x", count: 5000)
    try withMadeUpSystem(["/file": "first 1\n\n\(long)\nlast 4 of 5"]) { root in
      XCTAssertEqual(SystemFile.lines(of: root + "/file"), ["first 1", "", long, "last 4 of 5"])
      XCTAssertEqual(SystemFile.line(of: root + "/file", startingWith: "xxx"), long)
      XCTAssertNil(SystemFile.line(of: root + "/file", startingWith: "y"))
      XCTAssertEqual(SystemFile.number(of: root + "/file", startingWith: "last"), 4)
    }
  }

  func testWhatIsNoNumber() throws {
    try withMadeUpSystem(["/max": "max 5\n", "/empty": "", "/large": "18446744073709551615\n"]) { root in
      for name in ["/max", "/empty", "/large", "/missing"] { XCTAssertNil(SystemFile.number(of: root + name), name) }
    }
  }
}
