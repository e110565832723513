import SwiftAlexNet
import XCTest

final class EngineTests: XCTestCase {
  func testThreads() throws {
    let before = Engine.threadCount
    try Engine.setThreadCount(3)
    XCTAssertEqual(Engine.threadCount, 3)
    try Engine.setThreadCount(before)
    for count in [0, 257, -1] { XCTAssertThrowsError(try Engine.setThreadCount(count)) }
  }

  func testInstructions() throws {
    XCTAssert(["portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx"].contains(try Engine.instructionSet))
    XCTAssertEqual(try Engine.precisions.first, .float32)
  }
}
