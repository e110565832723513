import Synchronization

extension Mutex where Value: Sendable {
  /// Runs `body` under the lock. What it takes out of the value lives until the lock is free again: giving back hundreds
  /// of megabytes takes long, and a fork in the meantime would leave the child with a lock that nobody opens.
  func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
    let (result, before) = withLock { value -> (Result, Value) in
      let before = value
      return (body(&value), before)
    }
    return withExtendedLifetime(before) { result }
  }
}
