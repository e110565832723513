import Glibc
import Tensors
import TestSupport
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
    try lock.reading {
      let writer = HostThread.start { try? lock.writing("train_step") {} }
      defer { pthread_detach(writer) }
      usleep(50_000)
      XCTAssertNoThrow(try lock.reading {})
    }
  }

  func testTheChildOfAForkStartsFree() throws {
    let lock = UsageLock()
    try lock.writing("train_step") {
      let status = statusOfForkedChild {
        // The parent's thread does not exist here: nobody holds the lock.
        (try? lock.reading { true }) == true && (try? lock.writing("train_step") { true }) == true
      }
      XCTAssertEqual(status, 0)
    }
  }
}
