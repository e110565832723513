import SwiftAlexNet
import XCTest

@testable import ModelFiles

/// No file ends the process, takes memory that it does not fill, or becomes another model: it is refused with an error
/// that names it.
final class HostileFilesTests: HostileFileCase {
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
}
