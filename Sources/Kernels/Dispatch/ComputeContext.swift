import KernelTemplates
import Parallel
import Tensors

/// What a kernel driver needs besides its operands: the kernel table, threads, and scratch memory that grows when a
/// shape is first seen and is then reused, so that steps in steady state allocate nothing.
///
/// A context serves one call at a time; concurrent calls use one context each. A context made in a ``MemoryRehearsal``
/// grows its scratch memory and runs no items.
public final class ComputeContext {
  public let kernels: KernelTable
  private let gemmWish: GemmProvider?
  private let pool: ThreadPool
  /// Whether memory is only predicted: no item runs, and the contents of buffers are meaningless.
  package let rehearses = MemoryRehearsal.isRunning
  private var perThread: [AlignedBuffer<UInt8>] = []
  private var common: AlignedBuffer<UInt8>?
  private var partial: AlignedBuffer<Float>?

  /// - Parameter gemm: what multiplies the matrices of convolutions and dense layers; nil: see ``gemm``.
  public init(kernels: KernelTable, gemm: GemmProvider? = .swift, pool: ThreadPool = .shared) {
    self.kernels = kernels
    gemmWish = gemm
    self.pool = pool
  }

  /// A context with the table chosen by the CPU and the environment.
  public convenience init() throws {
    try self.init(kernels: KernelRegistry.selected.get(), gemm: KernelRegistry.gemmWish.get())
  }

  /// What multiplies the matrices of convolutions and dense layers. The default is OpenBLAS if only the portable
  /// kernels run and it is available, otherwise the engine. OpenBLAS is loaded when this is first read, not before.
  /// - Throws: ``EngineError/unsupported(_:)`` if OpenBLAS is requested and cannot be loaded.
  public var gemm: GemmProvider {
    get throws(EngineError) { try GemmProvider.select(wish: gemmWish, kernels: kernels.name) }
  }

  /// Threads that work on items, for choices that may depend on them: never the order of a sum.
  var threadCount: Int { pool.threadCount }

  /// Runs `body(item, scratch)` for every item; `scratch` is `scratchBytes` bytes, aligned to a cache line, used by no
  /// other running item, with undefined contents.
  /// - Parameter threads: at most this many; 1 if the items call a library with its own threads.
  public func forEach(
    _ count: Int, scratchBytes: Int = 0, interruptible: Bool = true, threads limit: Int? = nil,
    _ body: (_ item: Int, _ scratch: UnsafeMutableRawPointer) -> Void
  ) throws {
    let threads = min(pool.threadCount, limit ?? Int.max)
    if rehearses {
      try growScratch(to: scratchBytes, threads: threads)
      // An empty item, after which an interrupt is noticed.
      return try pool.forEach(1, threads: 1, interruptible: interruptible) { _, _ in }
    }
    guard scratchBytes > 0 else {
      // Nothing to allocate, hence nothing that can fail midway through a step's update.
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

  /// Memory shared by all items of a driver (packed weights, partial sums), valid until the next call.
  public func shared(bytes: Int) throws -> UnsafeMutableRawPointer {
    if let common, common.count >= bytes { return UnsafeMutableRawPointer(common.pointer) }
    let grown = try AlignedBuffer<UInt8>(count: bytes, operation: "scratch")
    common = grown
    return UnsafeMutableRawPointer(grown.pointer)
  }

  /// Memory for a driver's partial sums while it calls others, valid until the next call.
  func partialSums(count: Int) throws -> UnsafeMutablePointer<Float> {
    if let partial, partial.count >= count { return partial.pointer }
    let grown = try AlignedBuffer<Float>(count: count, operation: "partial sums")
    partial = grown
    return grown.pointer
  }
}
