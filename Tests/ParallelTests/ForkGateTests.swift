import CForkGate
import Parallel
import Synchronization
import TestSupport
import XCTest

final class ForkGateTests: XCTestCase {
  /// Where another thread is; the child of a fork sees what it was at that moment.
  private let stage = Atomic<Int>(0)

  private func wait(for expected: Int) {
    while stage.load(ordering: .acquiring) < expected { usleep(100) }
  }

  func testAForkWaitsForAThreadInside() {
    let thread = HostThread.start { [self] in
      fork_gate_enter()
      fork_gate_enter()
      stage.store(1, ordering: .releasing)
      usleep(20_000)
      fork_gate_leave()
      usleep(20_000)
      stage.store(2, ordering: .releasing)
      fork_gate_leave()
    }
    wait(for: 1)
    XCTAssertEqual(statusOfForkedChild { self.stage.load(ordering: .acquiring) == 2 }, 0)
    pthread_join(thread, nil)
  }

  func testAForkDoesNotWaitForKernels() throws {
    let thread = HostThread.start { [self] in
      fork_gate_enter()
      try? ThreadPool.shared.forEach(2) { item, _ in
        guard item == 0 else { return }
        stage.store(1, ordering: .releasing)
        wait(for: 2)
      }
      stage.store(3, ordering: .releasing)
      fork_gate_leave()
    }
    wait(for: 1)
    let status = statusOfForkedChild {
      guard self.stage.load(ordering: .acquiring) == 1 else { return false }
      fork_gate_enter()
      let total = Atomic<Int>(0)
      try? ThreadPool.shared.forEach(10) { item, _ in total.add(item, ordering: .relaxed) }
      fork_gate_leave()
      return total.load(ordering: .relaxed) == 45
    }
    XCTAssertEqual(status, 0)
    stage.store(2, ordering: .releasing)
    pthread_join(thread, nil)
    XCTAssertEqual(stage.load(ordering: .acquiring), 3)
  }

  func testAForkDoesNotWaitForEver() {
    let thread = HostThread.start { [self] in
      fork_gate_enter()
      stage.store(1, ordering: .releasing)
      wait(for: 2)
      fork_gate_leave()
    }
    wait(for: 1)
    let status = statusOfForkedChild {
      fork_gate_enter()  // the parent's thread is not in the child
      defer { fork_gate_leave() }
      return self.stage.load(ordering: .acquiring) == 1 && statusOfForkedChild { true } == 0
    }
    XCTAssertEqual(status, 0)
    stage.store(2, ordering: .releasing)
    pthread_join(thread, nil)
  }

  func testSteppingOutAndInRestoresTheDepth() {
    XCTAssertEqual(fork_gate_step_out(), 0)
    fork_gate_step_in(0)
    fork_gate_enter()
    fork_gate_enter()
    let depth = fork_gate_step_out()
    XCTAssertEqual(depth, 2)
    XCTAssertEqual(fork_gate_step_out(), 0)
    fork_gate_step_in(0)
    fork_gate_step_in(depth)
    fork_gate_leave()
    fork_gate_leave()
    XCTAssertEqual(fork_gate_step_out(), 0)
  }
}
