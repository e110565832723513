import KernelTemplates
import Parallel
import Tensors

/// What a kernel driver needs besides its operands: the kernel table, threads, and scratch memory that grows
/// when a shape is first seen and is then reused, so that a steady step allocates nothing.
///
/// A context serves one call at a time; concurrent calls take a context each. One that is made in a
/// ``MemoryRehearsal`` grows its scratch memory and runs no item.
public final class ComputeContext {
  public let kernels: KernelTable
  private let gemmWish: GemmProvider?
  private let pool: ThreadPool
  /// Whether memory is only foretold: no item runs, and what the buffers hold means nothing.
  package let rehearses = MemoryRehearsal.isRunning
  private var perThread: [AlignedBuffer<UInt8>] = []
  private var common: AlignedBuffer<UInt8>?

  /// - Parameter gemm: who is to multiply the matrices of convolutions and dense layers; nil: see ``gemm``.
  public init(kernels: KernelTable, gemm: GemmProvider? = .swift, pool: ThreadPool = .shared) {
    self.kernels = kernels
    gemmWish = gemm
    self.pool = pool
  }

  /// A context on the table that the CPU and the environment chose.
  public convenience init() throws {
    try self.init(kernels: KernelRegistry.selected.get(), gemm: KernelRegistry.gemmWish.get())
  }

  /// Who multiplies the matrices of convolutions and dense layers. Without a wish that is OpenBLAS where only the portable
  /// kernels run and it can be had, else the engine. OpenBLAS is loaded when this is first asked, and not before.
  /// - Throws: ``EngineError/unsupported(_:)`` where OpenBLAS is wished for and cannot be loaded.
  public var gemm: GemmProvider {
    get throws(EngineError) { try GemmProvider.select(wish: gemmWish, kernels: kernels.name) }
  }

  /// Threads that work on items, for what may depend on them: never the order of a sum.
  var threadCount: Int { pool.threadCount }

  /// Runs `body(item, scratch)` for every item; `scratch` is `scratchBytes` bytes, aligned to a cache line,
  /// used by no other running item, and holds anything.
  /// - Parameter threads: at most so many; 1 where the items call a library that has threads of its own.
  public func forEach(
    _ count: Int, scratchBytes: Int = 0, interruptible: Bool = true, threads limit: Int? = nil,
    _ body: (_ item: Int, _ scratch: UnsafeMutableRawPointer) -> Void
  ) throws {
    let threads = min(pool.threadCount, limit ?? Int.max)
    if rehearses {
      try growScratch(to: scratchBytes, threads: threads)
      // An item of nothing, after which an interrupt is noticed.
      return try pool.forEach(1, threads: 1, interruptible: interruptible) { _, _ in }
    }
    guard scratchBytes > 0 else {
      // Nothing to allocate, hence nothing that can fail half-way through a step's update.
      var nothing: UInt8 = 0
      return try withUnsafeMutablePointer(to: &nothing) { nothing in
        let nothing = UnsafeMutableRawPointer(nothing)
        try pool.forEach(count, threads: threads, interruptible: interruptible) { item, _ in body(item, nothing) }
      }
    }
    try growScratch(to: scratchBytes, threads: threads)
    let scratch = perThread
    try pool.forEach(count, threads: threads, interruptible: interruptible) { item, slot in
      body(item, UnsafeMutableRawPointer(scratch[slot].pointer))
    }
  }

  private func growScratch(to bytes: Int, threads: Int) throws {
    guard bytes > 0 else { return }
    while perThread.count < threads { perThread.append(try AlignedBuffer(count: 0, operation: "scratch")) }
    for slot in 0..<threads where perThread[slot].count < bytes {
      perThread[slot] = try AlignedBuffer(count: bytes, operation: "scratch")
    }
  }

  /// Memory that all items of a driver share (packed weights, partial sums): valid until the next call.
  public func shared(bytes: Int) throws -> UnsafeMutableRawPointer {
    if let common, common.count >= bytes { return UnsafeMutableRawPointer(common.pointer) }
    let grown = try AlignedBuffer<UInt8>(count: bytes, operation: "scratch")
    common = grown
    return UnsafeMutableRawPointer(grown.pointer)
  }
}
