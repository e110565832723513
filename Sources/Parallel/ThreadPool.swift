import CForkGate
import CShims
import Synchronization
import Tensors

/// The engine's own threads: started on first use, rebuilt after `fork`, never pinned, but moved off the
/// caller's CPU.
///
/// A caller submits a number of items; threads take them in any order, so an item must not depend on the thread or on
/// another item. Work is divided into items by the problem's shape, never by the number of threads: that makes results
/// the same bits for any number of threads.
public final class ThreadPool: Sendable {
  public static let shared = ThreadPool()
  /// More threads than this are refused.
  public static let maximumThreadCount = 256

  private let requested = Atomic<Int>(CPULimit.defaultThreadCount())
  /// The crew's address, zero before the first use. An atomic word, not a lock: a lock held by another thread at the
  /// moment of a `fork` would stay locked in the child.
  private let crew = Atomic<UInt>(0)

  private init() {
    // The child of a fork has no worker threads and perhaps a locked crew: it drops the parent's and will make its own.
    fork_gate_set_child_handler { ThreadPool.shared.crew.store(0, ordering: .relaxed) }
  }

  /// Threads that take part in a region, including the caller's.
  public var threadCount: Int { requested.load(ordering: .relaxed) }

  /// - Throws: ``EngineError/invalidValue(_:)`` outside 1 … 256.
  public func setThreadCount(_ count: Int) throws {
    guard (1...Self.maximumThreadCount).contains(count) else {
      throw EngineError.invalidValue(
        "set_num_threads: got \(count), expected 1 to \(Self.maximumThreadCount) threads")
    }
    requested.store(count, ordering: .relaxed)
  }

  /// Runs `body(item, slot)` for every item in 0 ..< count and returns when all have run. `slot` is below the number of
  /// threads and identifies scratch memory that no other running item uses.
  ///
  /// If the pool is working for another caller, the items run only on the calling thread.
  /// - Parameters:
  ///   - threads: at most this many threads take part; nil: `threadCount`.
  ///   - interruptible: whether ``Interrupt`` may end the region early; off where an unfinished region would leave
  ///     half-updated weights.
  /// - Throws: ``EngineError/interrupted``; some items may then not have run.
  public func forEach(
    _ count: Int, threads: Int? = nil, interruptible: Bool = true, _ body: (_ item: Int, _ slot: Int) -> Void
  ) throws {
    let region = Region(count: count, interruptible: interruptible)
    withoutActuallyEscaping(body) { body in
      let threads = min(threads ?? threadCount, count)
      let crew = threads > 1 ? currentCrew() : nil
      let isShared = crew?.begin(region, body, helpers: threads - 1) ?? false
      let depth = fork_gate_step_out()
      region.run(body, slot: 0, polling: true)
      if isShared { crew?.end() }
      fork_gate_step_in(depth)
    }
    if region.isCancelled { throw EngineError.interrupted }
  }

  private func currentCrew() -> Crew? {
    if let known = Self.crew(at: crew.load(ordering: .acquiring)) { return known }
    let new = Unmanaged.passRetained(Crew())
    let address = UInt(bitPattern: new.toOpaque())
    let (exchanged, winner) = crew.compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing)
    if exchanged { return new.takeUnretainedValue() }
    new.release()
    return Self.crew(at: winner)
  }

  private static func crew(at address: UInt) -> Crew? {
    UnsafeRawPointer(bitPattern: address).map { Unmanaged<Crew>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// One call of ``ThreadPool/forEach(_:threads:interruptible:_:)``: a counter from which threads take items.
final class Region: Sendable {
  private let count: Int
  private let interruptible: Bool
  /// Where the caller was when the region began.
  let callersCPU = sched_getcpu()
  private let next = Atomic<Int>(0)
  private let cancelled = Atomic<Bool>(false)

  init(count: Int, interruptible: Bool) {
    self.count = count
    self.interruptible = interruptible
  }

  var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

  func run(_ body: (Int, Int) -> Void, slot: Int, polling: Bool) {
    while !isCancelled {
      let item = next.add(1, ordering: .relaxed).oldValue
      guard item < count else { return }
      body(item, slot)
      if polling && interruptible && Interrupt.isRequested() { cancelled.store(true, ordering: .releasing) }
    }
  }
}
