import Synchronization

extension Mutex where Value: Sendable {
  /// Runs `body` under the lock. What it removes from the value lives until the lock is released: freeing hundreds of
  /// megabytes takes long, and a fork meanwhile would leave the child with a lock that nobody releases.
  func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    let (result, before) = withLock { value -> (Result, Value) in
      let before = value
      return (body(&value), before)
    }
    return withExtendedLifetime(before) { result }
  }
}
