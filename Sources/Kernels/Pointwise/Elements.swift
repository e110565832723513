import Tensors

/// How drivers divide `count` consecutive elements: into blocks of a fixed size, so that neither the
/// result nor the order of any sum depends on the number of threads.
enum Elements {
  /// 128 KiB of floats: a few microseconds of work, and three such operands fit in a core's cache.
  static let blockCount = 1 << 15

  static func blocks(_ count: Int) -> Int { (count + blockCount - 1) / blockCount }

  static func forEachBlock(
    _ count: Int, context: ComputeContext, interruptible: Bool = true, _ body: (_ start: Int, _ count: Int) -> Void
  ) throws {
    try context.forEach(blocks(count), interruptible: interruptible) { block, _ in
      let start = block &* blockCount
      body(start, min(blockCount, count &- start))
    }
  }
}
