import CShims

/// Determines how much tensor memory a computation takes before it takes any.
///
/// Within ``run(_:)``, buffers made by this thread are addresses without pages behind them, and work items are skipped;
/// so the computation's own code gives its bytes, for networks of any size.
public final class MemoryRehearsal {
  /// Bytes reserved now, and the peak.
  public private(set) var liveBytes = 0
  public private(set) var peakBytes = 0

  public init() {}

  /// The rehearsal of the current thread.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  static var current: MemoryRehearsal? {
    guard let key, let address = pthread_getspecific(key) else { return nil }
    return Unmanaged<MemoryRehearsal>.fromOpaque(address).takeUnretainedValue()
  }

  /// Whether this thread is in a rehearsal.
  package static var isRunning: Bool { current != nil }

  /// Runs `body` with this thread's buffers in this rehearsal, then restores the previous one.
  /// - Throws: what `body` throws, and ``EngineError/outOfMemory(_:)`` if the system cannot store the thread's
  ///   rehearsal.
  public func run<Result>(_ body: () throws -> Result) throws -> Result {
    guard let key = Self.key else {
      throw EngineError.outOfMemory("rehearsal: the system refused thread-local storage")
    }
    let outer = pthread_getspecific(key)
    guard pthread_setspecific(key, Unmanaged.passUnretained(self).toOpaque()) == 0 else {
      throw EngineError.outOfMemory("rehearsal: the system refused thread-local storage")
    }
    defer { pthread_setspecific(key, outer) }
    return try withExtendedLifetime(self) { try body() }
  }

  func reserve(bytes: Int) -> UnsafeMutableRawPointer? {
    guard let memory = shim_reserve(bytes) else { return nil }
    liveBytes += bytes
    peakBytes = max(peakBytes, liveBytes)
    return memory
  }

  func release(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    shim_unreserve(memory, bytes)
    liveBytes -= bytes
  }
}
