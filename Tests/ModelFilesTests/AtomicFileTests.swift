import Foundation
import SwiftAlexNet
import XCTest

@testable import ModelFiles

final class AtomicFileTests: FileTestCase {
  private struct Stop: Error {}

  private func replace(_ path: String, with text: String) throws {
    try AtomicFile.replacing(path) { file in try Array(text.utf8).withUnsafeBytes { try file.write($0, at: 0) } }
  }

  func testAFileIsReplaced() throws {
    for text in ["one", "another", "x"] {
      try replace(path("f"), with: text)
      XCTAssertEqual(try bytes("f"), Array(text.utf8))
      XCTAssertEqual(try names(), ["f"])
    }
  }

  func testAfterAnErrorTheOldFileIsThere() throws {
    try replace(path("f"), with: "old")
    XCTAssertThrowsError(
      try AtomicFile.replacing(path("f")) { file in
        try [UInt8(1)].withUnsafeBytes { try file.write($0, at: 0) }
        throw Stop()
      }
    ) { XCTAssertTrue($0 is Stop) }
    XCTAssertEqual(try bytes("f"), Array("old".utf8))
    XCTAssertEqual(try names(), ["f"])
  }

  func testPermissionsAreKept() throws {
    try replace(path("f"), with: "old")
    for mode in [0o600, 0o640, 0o444] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path("f"))
      try replace(path("f"), with: "new")
      let attributes = try FileManager.default.attributesOfItem(atPath: path("f"))
      XCTAssertEqual(attributes[.posixPermissions] as? Int, mode)
    }
  }

  func testLinksAreFollowed() throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: path("real"), withIntermediateDirectories: false)
    for target in ["real/f", path("real/g")] {
      try manager.createSymbolicLink(atPath: path("link"), withDestinationPath: target)
      for text in ["new", "newer"] {
        try replace(path("link"), with: text)
        XCTAssertEqual(try bytes("real/" + (target.hasSuffix("g") ? "g" : "f")), Array(text.utf8))
        XCTAssertEqual(try manager.destinationOfSymbolicLink(atPath: path("link")), target)
      }
      try manager.removeItem(atPath: path("link"))
    }
    try manager.createSymbolicLink(atPath: path("loop"), withDestinationPath: "loop")
    assertSystem(try replace(path("loop"), with: ""), ELOOP)
  }

  func testWhatIsNoFile() throws {
    assertSystem(try replace(folder.path, with: ""), EISDIR)
    assertSystem(try replace("/dev/null", with: ""), EINVAL)
    assertSystem(try replace(path("missing/f"), with: ""), ENOENT)
    assertSystem(try replace(path("missing") + "/", with: ""), ENOENT)
    XCTAssertEqual(try names(), [])
  }

  func testFilesOfDeadWritersAreRemoved() throws {
    let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8).prefix(8)
    let (dead, others) = (".f.tmp-boot\(boot)-0123abcd", [".f.tmp-boot00000000-0", ".g.tmp-boot\(boot)-0", ".f.tmp-"])
    for name in [dead] + others { _ = try write([1], to: name) }
    try AtomicFile.replacing(path("f")) { _ in
      // A second writer leaves the first one's file alone.
      try replace(path("f"), with: "second")
      XCTAssertEqual(try names().count, others.count + 2)
    }
    XCTAssertEqual(try names(), (others + ["f"]).sorted())
    XCTAssertEqual(try bytes("f"), [])
  }

  func testManyWritersAtOnce() throws {
    let target = path("f")
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      try? AtomicFile.replacing(target) { file in
        try [UInt8](repeating: UInt8(index), count: 1000).withUnsafeBytes { try file.write($0, at: 0) }
      }
    }
    XCTAssertEqual(Set(try bytes("f")).count, 1)
    XCTAssertEqual(try names(), ["f"])
  }

  func testAFullDevice() throws {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    try XCTSkipIf(descriptor < 0)
    let file = AtomicFile(descriptor: descriptor, path: "full")
    try [UInt8](repeating: 1, count: 10).withUnsafeBytes { bytes in
      assertSystem(try file.write(bytes, at: 0), ENOSPC)
    }
  }
}
