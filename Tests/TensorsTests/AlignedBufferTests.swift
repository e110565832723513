import Glibc
import Tensors
import XCTest

final class AlignedBufferTests: XCTestCase {
  override func tearDown() { TensorMemory.failAllocation(after: -1) }

  func testZeroedAlignedAndReadablePastTheEnd() throws {
    for count in [0, 1, 3, 16, 17, 1000] {
      let buffer = try AlignedBuffer<Float>(count: count, operation: "test")
      XCTAssertEqual(UInt(bitPattern: buffer.pointer) % UInt(AlignedBuffer<Float>.alignment), 0)
      XCTAssertEqual(buffer.count, count)
      XCTAssertTrue(buffer.buffer.allSatisfy { $0 == 0 })
      let extra = AlignedBuffer<Float>.overread / MemoryLayout<Float>.stride
      for i in count..<(count + extra) { XCTAssertEqual(buffer.pointer[i], 0) }
    }
  }

  func testZeroForgetsContents() throws {
    let buffer = try AlignedBuffer<Int32>(count: 9, operation: "test")
    for i in 0..<9 { buffer.pointer[i] = 7 }
    buffer.zero()
    XCTAssertEqual(Array(buffer.buffer), [Int32](repeating: 0, count: 9))
  }

  func testInjectedFailureStrikesOnce() throws {
    TensorMemory.failAllocation(after: 2)
    XCTAssertNoThrow(try AlignedBuffer<Float>(count: 8, operation: "first"))
    XCTAssertNoThrow(try AlignedBuffer<Float>(count: 8, operation: "second"))
    XCTAssertThrowsError(try AlignedBuffer<Float>(count: 8, operation: "third")) {
      guard case EngineError.outOfMemory(let text) = $0 else { return XCTFail("\($0)") }
      XCTAssertTrue(text.hasPrefix("third: "), text)
    }
    XCTAssertNoThrow(try AlignedBuffer<Float>(count: 8, operation: "fourth"))
  }

  func testAbsurdCountsAreErrors() {
    for count in [-1, Int.min, Int.max, Extent.maximumCount + 1, Extent.maximumCount] {
      XCTAssertThrowsError(try AlignedBuffer<Double>(count: count, operation: "test"), "\(count)") {
        guard case EngineError.outOfMemory = $0 else { return XCTFail("\($0)") }
      }
    }
  }

  /// A small block is zeroed entirely; a large one is freed as soon as the host requests a stop.
  func testAnInterruptEndsTheFirstTouchOfALargeBlock() throws {
    let large = 64 << 20
    let before = TensorMemory.liveBytes
    Interrupt.setQuestion { 1 }
    defer { Interrupt.setQuestion(nil) }
    usleep(25_000)
    XCTAssertThrowsError(try AlignedBuffer<UInt8>(count: large, operation: "test")) {
      XCTAssertEqual($0 as? EngineError, .interrupted)
    }
    XCTAssertEqual(TensorMemory.liveBytes, before)
    XCTAssertNoThrow(try AlignedBuffer<UInt8>(count: 1 << 20, operation: "test"))
    Interrupt.setQuestion { 0 }
    usleep(25_000)
    let buffer = try AlignedBuffer<UInt8>(count: large, operation: "test")
    XCTAssertTrue(buffer.buffer.allSatisfy { $0 == 0 })
  }

  func testAllocationsAreCounted() throws {
    let before = TensorMemory.allocationCount
    let buffer = try AlignedBuffer<Float>(count: 8, operation: "test")
    buffer.zero()
    XCTAssertEqual(TensorMemory.allocationCount, before + 1)
  }
}
