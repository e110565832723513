import CShims
import Parallel
import Synchronization
import Tensors
import TestSupport
import XCTest

final class ThreadPoolTests: XCTestCase {
  private let pool = ThreadPool.shared

  override func tearDown() {
    Interrupt.setQuestion(nil)
    try? pool.setThreadCount(2)
  }

  func testEveryItemRunsOnce() throws {
    for threads in [1, 2, 3, 4, 9] {
      try pool.setThreadCount(threads)
      for count in [0, 1, 2, 3, 7, 1000] {
        var visits = [UInt8](repeating: 0, count: count)
        try visits.withUnsafeMutableBufferPointer { visits in
          nonisolated(unsafe) let visits = visits
          try pool.forEach(count) { item, slot in
            XCTAssertTrue((0..<threads).contains(slot))
            visits[item] += 1
          }
        }
        XCTAssertEqual(visits, [UInt8](repeating: 1, count: count), "\(threads) threads, \(count) items")
      }
    }
  }

  func testAThreadLeavesTheCPUThatItSharesAndKeepsItsMask() throws {
    let allowed = shim_affinity_count()
    try XCTSkipIf(allowed < 2, "there is no other CPU")
    // The kernel may move a thread back at once, but not every time.
    let hasMoved = (0..<100).contains { _ in
      let cpu = sched_getcpu()
      shim_leave_cpu(cpu)
      XCTAssertEqual(shim_affinity_count(), allowed)
      return sched_getcpu() != cpu
    }
    XCTAssertTrue(hasMoved)
  }

  /// Regions that end at once: only the hand-over to and from the workers remains.
  func testManyShortRegions() throws {
    try pool.setThreadCount(4)
    let total = Atomic<Int>(0)
    for _ in 0..<20_000 {
      try pool.forEach(5) { _, _ in total.add(1, ordering: .relaxed) }
    }
    XCTAssertEqual(total.load(ordering: .relaxed), 100_000)
  }

  func testSlotsAreNotShared() throws {
    try pool.setThreadCount(4)
    let holders = UnsafeMutablePointer<Int>.allocate(capacity: 4)
    holders.initialize(repeating: 0, count: 4)
    defer { holders.deallocate() }
    nonisolated(unsafe) let shared = holders
    let clashes = Atomic<Int>(0)
    try pool.forEach(2000) { item, slot in
      if shared[slot] != 0 { clashes.add(1, ordering: .relaxed) }
      shared[slot] = item + 1
      for _ in 0..<100 where shared[slot] != item + 1 { clashes.add(1, ordering: .relaxed) }
      shared[slot] = 0
    }
    XCTAssertEqual(clashes.load(ordering: .relaxed), 0)
  }

  func testThreadsParameterLimits() throws {
    try pool.setThreadCount(4)
    let highest = Atomic<Int>(0)
    try pool.forEach(500, threads: 2) { _, slot in highest.max(slot, ordering: .relaxed) }
    XCTAssertLessThan(highest.load(ordering: .relaxed), 2)
  }

  func testNestedRegions() throws {
    try pool.setThreadCount(3)
    let total = Atomic<Int>(0)
    try pool.forEach(10) { _, _ in
      try? pool.forEach(10) { _, _ in total.add(1, ordering: .relaxed) }
    }
    XCTAssertEqual(total.load(ordering: .relaxed), 100)
  }

  func testConcurrentCallers() throws {
    try pool.setThreadCount(2)
    let threads = (0..<8).map { _ in
      HostThread.start {
        for _ in 0..<200 {
          let total = Atomic<Int>(0)
          try? ThreadPool.shared.forEach(50) { item, _ in total.add(item, ordering: .relaxed) }
          XCTAssertEqual(total.load(ordering: .relaxed), 1225)
        }
      }
    }
    for thread in threads { pthread_join(thread, nil) }
  }

  func testInterruptEndsARegionEarly() throws {
    for threads in [1, 2, 4] {
      try pool.setThreadCount(threads)
      Interrupt.setQuestion { 1 }
      let ran = Atomic<Int>(0)
      XCTAssertThrowsError(
        try pool.forEach(1_000_000) { _, _ in
          ran.add(1, ordering: .relaxed)
          usleep(100)
        }
      ) { XCTAssertEqual($0 as? EngineError, .interrupted) }
      XCTAssertLessThan(ran.load(ordering: .relaxed), 10_000)

      ran.store(0, ordering: .relaxed)
      try pool.forEach(1000, interruptible: false) { _, _ in
        ran.add(1, ordering: .relaxed)
        usleep(100)
      }
      XCTAssertEqual(ran.load(ordering: .relaxed), 1000, "not interruptible")
      Interrupt.setQuestion(nil)
      try pool.forEach(10) { _, _ in ran.add(1, ordering: .relaxed) }
      XCTAssertEqual(ran.load(ordering: .relaxed), 1010, "works again afterwards")
    }
  }

  /// The child of a fork has one thread; it must start its own workers and not wait for the parent's.
  func testWorksInTheChildOfAFork() throws {
    try pool.setThreadCount(3)
    try pool.forEach(100) { _, _ in }
    let status = statusOfForkedChild {
      let total = Atomic<Int>(0)
      let slots = Atomic<Int>(0)
      try? ThreadPool.shared.forEach(300) { item, slot in
        total.add(item, ordering: .relaxed)
        slots.bitwiseOr(1 << slot, ordering: .relaxed)
        usleep(100)
      }
      let usedWorkers = slots.load(ordering: .relaxed) != 1
      return total.load(ordering: .relaxed) == 44_850 && usedWorkers
    }
    XCTAssertEqual(status, 0, "wait status of the child")
    try pool.forEach(100) { _, _ in }
  }

  func testThreadCountIsChecked() {
    for count in [0, -1, 257, .max, .min] {
      XCTAssertThrowsError(try pool.setThreadCount(count)) {
        XCTAssertEqual(
          $0 as? EngineError, .invalidValue("set_num_threads: got \(count), expected 1 to 256 threads"))
      }
    }
    XCTAssertNoThrow(try pool.setThreadCount(256))
    XCTAssertEqual(pool.threadCount, 256)
  }
}
