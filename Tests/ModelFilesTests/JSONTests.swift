import XCTest

@testable import ModelFiles

final class JSONTests: XCTestCase {
  private func parsed(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

  func testWhatPythonWritesReadsBackAsTheSameText() throws {
    for text in [
      "null", "true", "false", "0", "-1", "1.5", "1e-05", "12345678901234567890123", "[]", "{}", "\"\"", "[1, [2, {}]]",
      "{\"a\": [null, true], \"b\": {\"c\": \"d\"}}", "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\\u007f\"",
      "\"gr\\u00f6\\u00dfe \\ud83c\\udf1a\"",
    ] {
      XCTAssertEqual(try parsed(text).text(), text)
    }
    XCTAssertEqual(try parsed(" { \"a\" : [ 1 , 2 ] } \n").text(isCompact: true), "{\"a\":[1,2]}")
    XCTAssertEqual(try parsed("\"größe \\/ \\u0041\"").string(""), "größe / A")
  }

  func testHalvesOfSurrogatePairsAreReplaced() throws {
    for (text, expected) in [
      ("\"\\udcff\"", "\u{fffd}"), ("\"\\ud83ca\"", "\u{fffd}a"), ("\"\\ud83c\\ud83c\\udf1a\"", "\u{fffd}🌚"),
      ("\"\\ud83c\\u0041\"", "\u{fffd}A"),
    ] {
      XCTAssertEqual(try parsed(text).string(""), expected)
    }
  }

  func testMalformedText() {
    for text in [
      "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "1e+", "+1", "NaN", "Infinity", "[1", "[1,]", "[,1]", "[1 2]",
      "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{\"a\":1 \"b\":2}", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"",
      "\"\\u+123\"", "\"\n\"", "1 2", "{} x", "[]]", "{\"a\":1,\"a\":2}", "\u{feff}1",
    ] {
      XCTAssertThrowsError(try parsed(text), text) { XCTAssertTrue($0 is JSON.Malformed, "\($0)") }
    }
    XCTAssertThrowsError(try JSON(parsing: [0x22, 0xff, 0x22])) { XCTAssertTrue($0 is JSON.Malformed) }
  }

  func testDepth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    XCTAssertEqual(try parsed(nested(64)).text(), nested(64))
    for levels in [65, 10_000, 500_000] { XCTAssertThrowsError(try parsed(nested(levels))) }
    XCTAssertThrowsError(try parsed(String(repeating: "{\"a\":", count: 10_000)))
  }

  func testNumbers() throws {
    XCTAssertEqual(try parsed("9223372036854775807").count(""), Int.max)
    for text in ["9223372036854775808", "-1", "1.0", "1e3", "true", "\"1\"", "null"] {
      XCTAssertThrowsError(try parsed(text).count(""), text)
    }
    XCTAssertEqual(try parsed("1e-05").finite(""), 1e-5)
    for text in ["1e999", "-1e999", "\"1\"", "true"] { XCTAssertThrowsError(try parsed(text).finite(""), text) }
  }
}
