import Foundation
import Kernels
import Networks
import SwiftAlexNet
import XCTest

@testable import ModelFiles

/// Files that Python wrote, with what Python says of them: python/tests/golden/make_model_files.py.
enum Golden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../python/tests/golden/models")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func bytes(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: folder.appending(path: name))) }

  static func lines(_ name: String) throws -> [String] {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8).split(separator: "\n").map(String.init)
  }

  static func image() throws -> Image { try Image(pixels: try bytes("image.rgb"), height: 18, width: 18) }

  static func spec(_ file: String) throws -> NetworkSpec {
    let description = try ModelDescription(parsing: SafetensorsReader(path(file)).section("model"))
    return try NetworkSpec(text: description.specification)
  }
}

/// The kernels that the files of ``Golden`` were made with.
func portable() throws -> ComputeContext {
  ComputeContext(kernels: try XCTUnwrap(KernelRegistry.available.first { $0.name == "portable" }))
}

/// A folder for one test.
class FileTestCase: XCTestCase {
  private(set) var folder = URL(fileURLWithPath: "/")

  override func setUpWithError() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "model-files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  override func tearDownWithError() throws { try FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ bytes: [UInt8], to name: String = "m.safetensors") throws -> String {
    try Data(bytes).write(to: folder.appending(path: name))
    return path(name)
  }

  func bytes(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: folder.appending(path: name))) }

  /// Names of files in the folder, hidden ones too.
  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
}

func assertDamaged<Result>(
  _ body: @autoclosure () throws -> Result, _ expected: String, line: UInt = #line
) {
  XCTAssertThrowsError(try body(), line: line) { error in
    guard case .damaged(let text) = error as? ModelFileError else { return XCTFail("\(error)", line: line) }
    XCTAssertTrue(text.contains(expected), text, line: line)
  }
}

func assertSystem<Result>(_ body: @autoclosure () throws -> Result, _ expected: Int32, line: UInt = #line) {
  XCTAssertThrowsError(try body(), line: line) { error in
    guard case .system(let code, let text) = error as? ModelFileError else { return XCTFail("\(error)", line: line) }
    XCTAssertEqual(code, expected, text, line: line)
  }
}
