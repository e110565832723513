import CShims

/// The owner of a block of tensor memory: zeroed, aligned for any vector load, refused with
/// ``EngineError/outOfMemory(_:)`` instead of ending the process. All other code borrows `pointer`.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  /// Bytes; one cache line, and a whole AVX-512 register.
  public static var alignment: Int { 64 }
  /// Bytes past the end that a kernel may read (never write): one vector register.
  public static var overread: Int { 64 }

  public let pointer: UnsafeMutablePointer<Element>
  public let count: Int
  /// Including what lies past the end.
  public let byteCount: Int
  /// Set if the memory is only reserved: never written yet, so zero.
  private let rehearsal: MemoryRehearsal?
  /// The owner of the memory, if this is a part of it.
  private let whole: AlignedBuffer?

  /// - Throws: ``EngineError/outOfMemory(_:)``; for large blocks also ``EngineError/interrupted``.
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
    if rehearsal == nil && !Self.fillWithZeros(memory, bytes: byteCount) {
      TensorMemory.free(memory, bytes: byteCount)
      throw EngineError.interrupted
    }
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
    whole = nil
  }

  /// A part of another buffer, which lives as long. Its start is aligned if `range` starts at a multiple of
  /// ``alignment`` bytes.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a range outside of it.
  public init(part range: Range<Int>, of whole: AlignedBuffer, operation: String) throws {
    guard range.lowerBound >= 0, range.upperBound <= whole.count else {
      throw EngineError.invalidValue("\(operation): got elements \(range) of \(whole.count)")
    }
    pointer = whole.pointer + range.lowerBound
    count = range.count
    byteCount = range.count * MemoryLayout<Element>.stride
    rehearsal = whole.rehearsal
    self.whole = whole
  }

  /// Bytes between two checks for an interrupt: a few milliseconds of new pages.
  private static var zeroedAtOnce: Int { 16 << 20 }

  /// - Returns: false if the host has requested a stop: touching gigabytes for the first time takes seconds.
  private static func fillWithZeros(_ memory: UnsafeMutableRawPointer, bytes: Int) -> Bool {
    var done = 0
    while done < bytes {
      if done > 0 && Interrupt.isRequested() { return false }
      let count = min(zeroedAtOnce, bytes - done)
      memset(memory + done, 0, count)
      done += count
    }
    return true
  }

  deinit {
    if whole != nil { return }
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
