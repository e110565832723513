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

  /// Where each begins in the batch.
  public var starts: [Int] {
    var next = 0
    return counts.map { count in
      defer { next += count }
      return next
    }
  }

  /// Sums the gradients of a weight and a bias over the shards.
  /// - Parameter body: overwrites the two arrays with the sums over the images of one shard, of which there are some.
  public func sum(
    weight: UnsafeMutableBufferPointer<Float>, bias: UnsafeMutableBufferPointer<Float>, context: ComputeContext,
    _ body: (
      _ images: Range<Int>, _ weight: UnsafeMutablePointer<Float>, _ bias: UnsafeMutablePointer<Float>
    ) throws -> Void
  ) throws {
    guard let weights = weight.baseAddress, let biases = bias.baseAddress else { return }
    let size = weight.count + bias.count
    let slots = PairwiseSum.slots(counts.count)
    let memory = try context.partialSums(count: try Extent.product([slots, size], operation: "sums of shards"))
    func weightSlot(_ slot: Int) -> UnsafeMutablePointer<Float> { slot == 0 ? weights : memory + (slot - 1) * size }
    func biasSlot(_ slot: Int) -> UnsafeMutablePointer<Float> {
      slot == 0 ? biases : memory + ((slot - 1) * size + weight.count)
    }
    let starts = starts
    try PairwiseSum.sum(terms: counts.count) { shard, slot in
      guard counts[shard] > 0 else {
        weightSlot(slot).update(repeating: 0, count: weight.count)
        biasSlot(slot).update(repeating: 0, count: bias.count)
        return
      }
      try body(starts[shard]..<starts[shard] + counts[shard], weightSlot(slot), biasSlot(slot))
    } add: { slot, other in
      try add(count: weight.count, weightSlot(other), to: weightSlot(slot), context: context)
      try add(count: bias.count, biasSlot(other), to: biasSlot(slot), context: context)
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
