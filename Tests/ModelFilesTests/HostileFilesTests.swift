import SwiftAlexNet
import Tensors
import XCTest

@testable import ModelFiles

/// No file ends the process, takes memory that it does not fill, or becomes another model: it is refused with an error
/// that names it.
final class HostileFilesTests: FileTestCase {
  private var valid: [UInt8] = []
  private var file: TinyFile { get throws { try TinyFile(valid) } }

  override func setUpWithError() throws {
    try super.setUpWithError()
    try TinyFile.model().save(to: path("valid"))
    valid = try bytes("valid")
  }

  private func load(_ bytes: [UInt8]) throws -> Model { try Model(contentsOf: try write(bytes)) }

  /// - Returns: false if it was refused.
  private func loads(_ bytes: [UInt8], line: UInt = #line) throws -> Bool {
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

  func testTheFileItself() throws {
    XCTAssertLessThan(valid.count, 2000)
    XCTAssertTrue(try loads(valid))
    XCTAssertTrue(try loads(file.bytes()), "the tests' own writing")
  }

  func testEveryPrefix() throws {
    for count in 0..<valid.count { XCTAssertFalse(try loads(Array(valid.prefix(count))), "\(count) bytes") }
    XCTAssertFalse(try loads(valid + [0]))
  }

  func testEveryFlippedBit() throws {
    for index in valid.indices {
      for bit in 0..<8 {
        var bytes = valid
        bytes[index] ^= 1 << bit
        _ = try loads(bytes)
      }
    }
  }

  /// Of a file with all that one may hold.
  func testFlippedBits() throws {
    let bytes = try Golden.bytes("everything.safetensors")
    for index in stride(from: 0, to: bytes.count, by: 61) {
      var changed = bytes
      changed[index] ^= 1 << (index % 8)
      assertDamaged(try self.load(changed), path("m.safetensors"))
    }
  }

  func testLengthsOfTheHeader() throws {
    let length = UInt64(valid.count - (try file.data.count) - 8)
    let others: [UInt64] = [0, 1, length - 1, length + 1, 1 << 20, 1 << 20 + 1, 1 << 31, 1 << 32, 1 << 63, .max]
    for other in others {
      XCTAssertFalse(try loads(withUnsafeBytes(of: other.littleEndian) { Array($0) } + valid.dropFirst(8)), "\(other)")
    }
  }

  /// What stands in the place of every value of the header and of the description, one after another.
  private var values: [JSON] {
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

  func testOtherValuesInTheHeader() throws {
    var count = 0
    for path in try JSON.object(file.entries).paths {
      for value in try values + JSON.object(file.entries).neighbours(of: path) {
        _ = try loads(file.replacing(path, with: value).bytes())
        count += 1
      }
    }
    XCTAssertGreaterThan(count, 1000)
  }

  /// With right checksums. Some make another model, which a file may describe.
  func testOtherValuesInTheDescription() throws {
    let file = try TinyFile(Golden.bytes("everything.safetensors"))
    let description = try JSON(parsing: file.text("model").utf8)
    var count = 0
    for path in description.paths {
      for value in values + description.neighbours(of: path) {
        let text = description.replacing(path[...], with: value).text()
        do {
          _ = try load(file.replacingText("model", with: text).bytes())
        } catch is ModelFileError {} catch EngineError.outOfMemory {}
        count += 1
      }
    }
    XCTAssertGreaterThan(count, 1000)
  }

  func testOtherTypes() throws {
    for name in ["F64", "F16", "I32", "U32", "BOOL", "F8", "", "f32"] {
      XCTAssertFalse(try loads(file.replacing(["fc.bias", "dtype"], with: .string(name)).bytes()), name)
    }
  }

  func testOverlapsAndHoles() throws {
    for begin in [4, 8, 12, 40, 44] {
      let moved = try file.replacing(["fc.bias", "data_offsets"], with: .integers([begin, begin + 8])).bytes()
      assertDamaged(try self.load(moved), "begins at")
    }
  }

  func testRepeatedNames() throws {
    let text = try JSON.object(file.entries).text(isCompact: true)
    for name in ["fc.bias", "__metadata__"] {
      let again = JSON.object(try file.entries.filter { $0.name == name }).text(isCompact: true)
      let twice = text.dropLast() + "," + again.dropFirst()
      assertDamaged(try load(TinyFile.bytes(header: String(twice), data: file.data)), "repeats the name '\(name)'")
    }
  }

  func testMissingAndForeignTensors() throws {
    for name in ["fc.weight", "fc.bias", "preprocessing.mean", "__metadata__"] {
      var without = try file
      without.entries.removeAll { $0.name == name }
      XCTAssertFalse(try loads(without.bytes()), name)
    }
    let digests = try file.text("sha256").replacing("fc.bias", with: "fc.bios")
    assertDamaged(
      try load(file.replacingText("sha256", with: digests).bytes()), "its tensors are not those that were written")
  }

  func testDepth() throws {
    let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
    assertDamaged(try load(file.replacingText("model", with: deep).bytes()), "more than 64 levels")
    let name = "swiftalexnet.format"
    assertDamaged(try load(TinyFile.bytes(header: "{\"\(name)\":\(deep)}", data: [])), "more than 64 levels")
  }

  func testOtherVersionsAndOtherPrograms() throws {
    assertDamaged(try load(file.replacingText("swiftalexnet.format", with: "2").bytes()), "it has format 2")
    assertDamaged(try load(TinyFile.bytes(header: "{}", data: [])), "was not written by swiftalexnet")
    assertDamaged(try load(file.replacingText("model", with: "{}").bytes(keepingChecksum: true)), "checksum")
  }

  func testValuesThatAreNotFinite() throws {
    for bits in [Float.nan, .infinity, -.infinity].map(\.bitPattern) {
      var changed = try file
      changed.data.replaceSubrange(0..<4, with: withUnsafeBytes(of: bits.littleEndian) { Array($0) })
      assertDamaged(try load(changed.bytes()), "holds values that are not finite")
    }
  }

  /// The text of the model's description with a part replaced; all checksums are right.
  private func describing(_ part: String, as other: String) throws -> [UInt8] {
    let text = try file.text("model")
    XCTAssertTrue(text.contains(part), part)
    return try file.replacingText("model", with: text.replacing(part, with: other)).bytes()
  }

  func testDescriptions() throws {
    for (part, other, expected) in [
      ("\"variant\": null", "\"variant\": 1", "the variant is not a text"),
      ("[\"no\", \"yes\"]", "[\"no\"]", "names 1 classes, the network has 2"),
      ("[\"no\", \"yes\"]", "[\"no\", \"no\"]", "names the class 'no' twice"),
      ("[\"no\", \"yes\"]", "[\"no\", 1]", "the name of a class is not a text"),
      ("\"crop\": 2", "\"crop\": 3", "its crop is 3×3, the network reads 2×2"),
      ("\"crop\": 2", "\"crop\": 2.0", "crop is not a whole number"),
      ("\"resize\": 2", "\"resize\": 1", "resize is 1, expected 2 to 32768"),
      ("\"resize\": 2", "\"resize\": 32769", "resize is 32769"),
      ("\"scale\": null", "\"scale\": [0.0]", "scale is [0.0], expected 1 finite factors other than 0"),
      ("\"scale\": null", "\"scale\": [1e39]", "expected 1 finite factors"),
      ("\"scale\": null", "\"scale\": [1, 1]", "expected 1 finite factors"),
      ("\"mean_at\": \"center\"", "\"mean_at\": \"top\"", "mean_at is 'top'"),
      ("\"area\"", "\"cubic\"", "resampling is 'cubic'"),
      ("\"learn_mean\": false", "\"learn_mean\": \"none\"", "learn_mean is 'none'"),
      ("\"learn_whitening\": null", "\"learn_whitening\": -1", "expected a number above 0"),
      ("\"warp\": false", "\"warp\": 0", "warp is neither true nor false"),
      ("\"warp\"", "\"wrap\"", "unknown member 'wrap'"),
      ("\"classes\"", "\"multipliers\": {\"fc\": [1, 1]}, \"classes\"", "which the network does not have"),
      ("\"classes\"", "\"multipliers\": {\"fc.bias\": [-1, 1]}, \"classes\"", "expected finite numbers ≥ 0"),
      ("\"classes\"", "\"multipliers\": {\"fc.bias\": [1]}, \"classes\"", "are not two numbers"),
      ("dense fc", "dense fd", "it has no tensor 'fd.weight'"),
      ("outputs=2", "outputs=3", "fc.weight has shape [2, 4], expected [3, 4]"),
      ("outputs=2", "outputs=0", "outputs"), ("softmax prob", "softmux prob", "softmux"),
      ("network tiny", "", "specification"), ("channels=1", "channels=9223372036854775807", "is too large"),
    ] {
      let bytes = try describing(part, as: other)
      XCTAssertThrowsError(try load(bytes), other) { error in
        XCTAssertTrue("\(error)".contains(expected), "\(error)")
        if case .outOfMemory? = error as? EngineError { return }
        XCTAssertTrue(error is ModelFileError, "\(error)")
      }
    }
  }

  func testALargeHeader() throws {
    for item in ["[],", "0,", "\"\",", "{},"] {
      let text = "[" + String(repeating: item, count: 1_000_000 / item.utf8.count) + "0]"
      assertDamaged(try load(TinyFile.bytes(header: text, data: [])), "was not written by swiftalexnet")
      let ours = TinyFile.bytes(header: "{\"swiftalexnet.format\":\(text)}", data: [])
      let start = ContinuousClock.now
      assertDamaged(try load(ours), "'__metadata__' is missing")
      XCTAssertLessThan(ContinuousClock.now - start, .seconds(10), item)
    }
  }

  /// 2.7 · 10¹¹ weights, of which the file holds eight.
  func testALargeNetworkTakesNoMemory() throws {
    let start = ContinuousClock.now
    let bytes = try describing("dense fc outputs=2", as: "dense fb outputs=260000\\ndense fc outputs=1000000")
    assertDamaged(try load(bytes), "it has no tensor 'fb.weight'")
    XCTAssertLessThan(ContinuousClock.now - start, .seconds(10))
  }
}
