import CShims

/// The owner of a block of tensor memory: zeroed, aligned for any vector load, refused with
/// ``EngineError/outOfMemory(_:)`` instead of ending the process. Everyone else borrows `pointer`.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  /// Bytes; one cache line, and a whole AVX-512 register.
  public static var alignment: Int { 64 }
  /// Bytes past the end that a kernel may read (never write): one vector register.
  public static var overread: Int { 64 }

  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int
  /// With what lies past the end.
  public let byteCount: Int
  /// Where the memory is only reserved: never written yet, so zero.
  private let rehearsal: MemoryRehearsal?

  public init(count: Int, operation: String) throws {
    let stride = MemoryLayout<Element>.stride
    guard count >= 0, count <= Extent.maximumCount else {
      throw EngineError.outOfMemory("\(operation): \(count) elements are too many")
    }
    byteCount = count * stride + Self.overread
    rehearsal = MemoryRehearsal.current
    guard let memory = rehearsal?.reserve(bytes: byteCount) ?? TensorMemory.allocate(bytes: byteCount) else {
      throw EngineError.outOfMemory("\(operation): the system refused \(byteCount) bytes of memory")
    }
    if rehearsal == nil { memset(memory, 0, byteCount) }
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  deinit {
    if let rehearsal {
      rehearsal.release(pointer, bytes: byteCount)
    } else {
      TensorMemory.free(pointer, bytes: byteCount)
    }
  }

  public var buffer: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }

  public func zero() {
    if rehearsal == nil { memset(pointer, 0, count * MemoryLayout<Element>.stride) }
  }
}
