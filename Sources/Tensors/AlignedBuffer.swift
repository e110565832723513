import CShims
import Synchronization

/// Counts allocations of tensor memory and can make the n-th fail, so that tests prove two promises: a
/// steady training step allocates nothing, and a refused allocation is an error that leaves all as it was.
public enum TensorMemory {
  static let allocations = Atomic<Int>(0)
  static let allocationsUntilFailure = Atomic<Int>(-1)

  /// Allocations of tensor memory since the process started.
  public static var allocationCount: Int { allocations.load(ordering: .relaxed) }

  /// Makes the allocation after the next `count` fail, once; negative turns the trap off.
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
    return shim_aligned_alloc(bytes, AlignedBuffer<UInt8>.alignment)
  }
}

/// The owner of a block of tensor memory: zeroed, aligned for any vector load, refused with
/// ``EngineError/outOfMemory(_:)`` instead of ending the process. Everyone else borrows `pointer`.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  /// Bytes; one cache line, and a whole AVX-512 register.
  public static var alignment: Int { 64 }
  /// Bytes past the end that a kernel may read (never write): one vector register.
  public static var overread: Int { 64 }

  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int

  public init(count: Int, operation: String) throws {
    let stride = MemoryLayout<Element>.stride
    guard count >= 0, count <= Extent.maximumCount else {
      throw EngineError.outOfMemory("\(operation): \(count) elements are too many")
    }
    let bytes = count * stride + Self.overread
    guard let memory = TensorMemory.allocate(bytes: bytes) else {
      throw EngineError.outOfMemory("\(operation): the system refused \(bytes) bytes of memory")
    }
    memset(memory, 0, bytes)
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  deinit { shim_free(pointer) }

  public var buffer: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }

  public func zero() { memset(pointer, 0, count * MemoryLayout<Element>.stride) }
}
