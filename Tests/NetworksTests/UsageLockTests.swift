import Glibc
import Tensors
import XCTest

@testable import Networks

final class UsageLockTests: XCTestCase {
  func testAThreadThatWouldWaitForItselfIsRefused() throws {
    let lock = UsageLock()
    try lock.writing("train_step") {
      XCTAssertThrowsError(try lock.reading {})
      XCTAssertThrowsError(try lock.writing("train_step") {})
    }
    try lock.reading {
      XCTAssertNoThrow(try lock.reading {})
      XCTAssertThrowsError(try lock.writing("train_step") {})
    }
    XCTAssertNoThrow(try lock.writing("train_step") {})
  }

  func testANestedReaderPassesAWaitingWriter() throws {
    let lock = UsageLock()
    var writer = pthread_t()
    try lock.reading {
      let box = Unmanaged.passRetained(lock)
      pthread_create(
        &writer, nil,
        { argument in
          guard let argument else { return nil }
          try? Unmanaged<UsageLock>.fromOpaque(argument).takeRetainedValue().writing("train_step") {}
          return nil
        }, box.toOpaque())
      usleep(50_000)
      XCTAssertNoThrow(try lock.reading {})
    }
    pthread_join(writer, nil)
  }

  func testTheChildOfAForkStartsFree() throws {
    let lock = UsageLock()
    try lock.writing("train_step") {
      let child = try forkedChild {
        // The parent's thread is not here: nobody holds the lock.
        (try? lock.reading { true }) == true && (try? lock.writing("train_step") { true }) == true
      }
      XCTAssertEqual(child, 0)
    }
  }

  /// The exit status of a child that runs `body`: 0 when it answers true.
  private func forkedChild(_ body: () -> Bool) throws -> Int32 {
    typealias Fork = @convention(c) () -> pid_t
    let symbol = try XCTUnwrap(dlsym(nil, "fork"))
    let child = unsafeBitCast(symbol, to: Fork.self)()
    if child == 0 { _exit(body() ? 0 : 1) }
    var status: Int32 = -1
    waitpid(child, &status, 0)
    return status
  }
}
