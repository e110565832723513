import SwiftAlexNet
import XCTest

@testable import ModelFiles

/// A small file for a test to change, and what may come of it.
class HostileFileCase: FileTestCase {
  private(set) var valid: [UInt8] = []
  var file: TinyFile { get throws { try TinyFile(valid) } }

  override func setUpWithError() throws {
    try super.setUpWithError()
    try TinyFile.model().save(to: path("valid"))
    valid = try bytes("valid")
  }

  func load(_ bytes: [UInt8]) throws -> Model { try Model(contentsOf: try write(bytes)) }

  /// - Returns: false if it was refused.
  func loads(_ bytes: [UInt8], line: UInt = #line) throws -> Bool {
    do {
      let model = try load(bytes)
      try model.save(to: path("again"))
      XCTAssertTrue(try self.bytes("again") == valid, "another model", line: line)
      return true
    } catch ModelFileError.damaged(let text) {
      XCTAssertTrue(text.hasPrefix(path("m.safetensors")), text, line: line)
      return false
    }
  }

  /// What stands in the place of every value of the header and of the description, one after another.
  var values: [JSON] {
    let numbers = [
      "-9223372036854775809", "-9223372036854775808", "-2147483648", "-1", "-0", "0", "1", "2", "3", "7", "9",
      "2147483647", "2147483648", "2147483649", "4294967295", "4294967296", "1099511627776", "4611686018427387904",
      "9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e3", "1.0", "0.5",
      "1e308", "1e999", String(repeating: "9", count: 5000),
    ].map { JSON.number($0) }
    return numbers + [
      .null, .bool(true), .bool(false), .string(""), .string("1"), .string("\u{0}"), .array([]),
      .array([.integer(1)]), .array([.null, .null]), .integers([Int](repeating: 1, count: 33)), .object([]),
      .object([JSON.Member(name: "", value: .null)]),
    ]
  }
}
