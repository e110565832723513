import Tensors

/// Consecutive parts of a batch. Gradients of parameters are sums over each of them, added as a ``PairwiseSum``, so that
/// they do not depend on how many processes share the batch.
public struct Shards: Hashable, Sendable {
  /// The number of images of each, in order; some may be empty.
  public let counts: [Int]
  /// The sum of all.
  public let images: Int
  /// Both numbers of every addition are rounded to bfloat16 first, as they are where processes send them to each other.
  public let roundsSums: Bool

  /// - Throws: ``EngineError/invalidValue(_:)`` unless their number is a power of two and there is an image.
  public init(_ counts: [Int], roundsSums: Bool = false, operation: String) throws {
    guard !counts.isEmpty, counts.count & (counts.count - 1) == 0 else {
      throw EngineError.invalidValue("\(operation): got \(counts.count) shards, expected a power of two")
    }
    var images = 0
    for (shard, count) in counts.enumerated() {
      let (sum, overflows) = images.addingReportingOverflow(count)
      guard count >= 0, !overflows else {
        throw EngineError.invalidValue("\(operation): shard \(shard) has \(count) images, expected at least 0")
      }
      images = sum
    }
    (self.counts, self.images, self.roundsSums) = (counts, images, roundsSums)
  }

  /// The whole batch, summed at once.
  public init(whole batch: Int) { (counts, images, roundsSums) = ([batch], batch, false) }

  public var isWhole: Bool { counts.count == 1 }

  /// - Throws: ``EngineError/invalidValue(_:)`` for a batch of another size.
  public func requireImages(_ batch: Int, operation: String) throws {
    guard images == batch else {
      throw EngineError.invalidValue("\(operation): got shards of \(images) images, expected \(batch)")
    }
  }

  /// - Throws: ``EngineError/unsupported(_:)`` for a batch in parts.
  public func requireWhole(operation: String) throws {
    guard isWhole else {
      throw EngineError.unsupported(
        "\(operation): sums by shards need the engine's own kernels, because the order of a BLAS's sums depends on the "
          + "batch: set SWIFTALEXNET_GEMM=swift")
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` if sums by shards are to be added to something.
  func requireOverwriting(_ accumulate: Bool, operation: String) throws {
    guard isWhole || !accumulate else {
      throw EngineError.invalidValue("\(operation): sums by shards overwrite gradients, and cannot be added to them")
    }
  }

  /// Where each begins in the batch.
  public var starts: [Int] {
    var next = 0
    return counts.map { count in
      defer { next += count }
      return next
    }
  }

  /// Sums gradients over the shards, and overwrites `targets` with them.
  /// - Parameter body: overwrites as many arrays with the sums over the images of one shard, of which there are some.
  public func sum(
    into targets: [UnsafeMutableBufferPointer<Float>], context: ComputeContext,
    _ body: (_ images: Range<Int>, _ sums: [UnsafeMutablePointer<Float>]) throws -> Void
  ) throws {
    let results = targets.compactMap(\.baseAddress)
    guard results.count == targets.count else { return }
    var offsets: [Int] = []
    var size = 0
    for target in targets {
      offsets.append(size)
      size += target.count
    }
    let slots = PairwiseSum.slots(counts.count)
    let memory = try context.partialSums(count: try Extent.product([slots, size], operation: "sums of shards"))
    func arrays(_ slot: Int) -> [UnsafeMutablePointer<Float>] {
      slot == 0 ? results : offsets.map { memory + ((slot - 1) * size + $0) }
    }
    let starts = starts
    try PairwiseSum.sum(terms: counts.count) { shard, slot in
      if counts[shard] > 0 { return try body(starts[shard]..<starts[shard] + counts[shard], arrays(slot)) }
      for (array, target) in zip(arrays(slot), targets) { array.update(repeating: 0, count: target.count) }
    } add: { slot, other in
      for ((sums, values), target) in zip(zip(arrays(slot), arrays(other)), targets) {
        try add(count: target.count, values, to: sums, context: context)
      }
    }
  }

  /// Adds the sum over some shards to that over others.
  func add(
    count: Int, _ values: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    guard roundsSums else { return try Addition.add(count: count, values, to: sums, context: context) }
    try Elements.forEachBlock(count, context: context) {
      Addition.addRounded(count: $1, values + $0, to: sums + $0)
    }
  }
}
