import CShims
import Synchronization

/// Counts tensor memory and can make the n-th allocation fail, so that tests verify three promises: a training step in
/// steady state allocates nothing, a refused allocation is an error that leaves everything unchanged, and a computation
/// takes the predicted bytes (``MemoryRehearsal``).
public enum TensorMemory {
  private static let allocations = Atomic<Int>(0)
  private static let allocationsUntilFailure = Atomic<Int>(-1)
  private static let live = Atomic<Int>(0)
  private static let peak = Atomic<Int>(0)

  /// Allocations of tensor memory since the process started.
  public static var allocationCount: Int { allocations.load(ordering: .relaxed) }

  /// Bytes allocated now.
  public static var liveBytes: Int { live.load(ordering: .relaxed) }

  /// The most bytes allocated at once since the process started or since ``resetPeak()``.
  public static var peakBytes: Int { peak.load(ordering: .relaxed) }

  public static func resetPeak() { peak.store(liveBytes, ordering: .relaxed) }

  /// Makes the allocation after the next `count` fail, once; a negative count disarms it.
  public static func failAllocation(after count: Int) {
    allocationsUntilFailure.store(count, ordering: .relaxed)
  }

  static func allocate(bytes: Int) -> UnsafeMutableRawPointer? {
    allocations.add(1, ordering: .relaxed)
    if allocationsUntilFailure.load(ordering: .relaxed) >= 0,
      allocationsUntilFailure.subtract(1, ordering: .relaxed).oldValue == 0
    {
      return nil
    }
    if MemoryBudget.refuses(bytes: bytes) { return nil }
    guard let memory = shim_aligned_alloc(bytes, AlignedBuffer<UInt8>.alignment) else { return nil }
    peak.max(live.add(bytes, ordering: .relaxed).newValue, ordering: .relaxed)
    return memory
  }

  static func free(_ memory: UnsafeMutableRawPointer, bytes: Int) {
    shim_free(memory)
    live.subtract(bytes, ordering: .relaxed)
  }
}
