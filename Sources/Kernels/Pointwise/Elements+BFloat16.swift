import KernelTemplates
import Tensors

extension Elements {
  /// Floats of one operand that an L1 cache holds beside two others: float kernels process bfloat16 this many at a
  /// time.
  static let widenedCount = 1 << 11

  /// Runs `body` on blocks of at most ``widenedCount`` elements, with scratch for `operands` such blocks of floats.
  static func forEachWidenedBlock(
    _ count: Int, operands: Int, context: ComputeContext,
    _ body: (_ start: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) throws {
    let blocks = (count + blockCount - 1) / blockCount
    try context.forEach(blocks, scratchBytes: operands * widenedCount * 4) { block, scratch in
      let floats = scratch.assumingMemoryBound(to: Float.self)
      let end = min(count, (block &+ 1) &* blockCount)
      var start = block &* blockCount
      while start < end {
        body(start, min(widenedCount, end &- start), floats)
        start = start &+ widenedCount
      }
    }
  }
}
