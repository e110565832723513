import Synchronization

#if THREAD_SANITIZER
  /// Mutex takes its lock inside Swift's runtime library, where the thread sanitizer does not look. It does see this.
  private let handover = Atomic<Int>(0)
#endif

extension Mutex where Value: Sendable {
  /// Runs `body` under the lock. What it removes from the value lives until the lock is released: freeing hundreds of
  /// megabytes takes long, and a fork meanwhile would leave the child with a lock that nobody releases.
  func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    let (result, before) = withLock { value -> (Result, Value) in
      #if THREAD_SANITIZER
        handover.add(1, ordering: .acquiringAndReleasing)
        defer { handover.add(1, ordering: .acquiringAndReleasing) }
      #endif
      let before = value
      return (body(&value), before)
    }
    return withExtendedLifetime(before) { result }
  }
}
