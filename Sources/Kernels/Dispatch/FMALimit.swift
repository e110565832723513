import CShims
import KernelTemplates
import Parallel
import Tensors

/// How fast this machine multiplies and adds: operations per second on all threads (a multiply-add is two), measured
/// with the instructions of a context's kernels. The speed of every layer is compared with it.
public enum FMALimit {
  /// On registers only.
  public static func float32(context: ComputeContext) throws -> Double {
    let chains = context.kernels.matrix.multiplyAddChains
    return try fastest(context, scratchFloats: chainFloats) { values in chains(1 << 18, values) }
  }

  /// With a tile whose operands stay in the L1 cache; nil if the table has no bfloat16.
  public static func bfloat16(context: ComputeContext) throws -> Double? {
    try context.kernels.bfloat16.map { try products($0, context: context) }
  }

  /// The same for products of bytes.
  public static func int8(context: ComputeContext) throws -> Double {
    try products(context.kernels.int8, context: context)
  }

  private static func products<Kernels: WordTileKernels>(
    _ kernels: Kernels, context: ComputeContext
  ) throws -> Double {
    let (rows, columns, inner, tiles) = (kernels.rows * kernels.blocks, kernels.columns, 256, 512)
    var layout = ScratchLayout()
    let leftPart = layout.reserve(rows * inner, of: Kernels.Left.self)
    let panelPart = layout.reserve(inner * columns, of: Kernels.Right.self)
    let outputPart = layout.reserve(rows * columns, of: Kernels.Sum.self)
    let blockPart = layout.reserve(kernels.blocks, of: UnsafePointer<Kernels.Left>.self)
    let runPart = layout.reserve(1, of: Int.self)
    return try fastest(context, scratchFloats: layout.bytes / 4) { scratch in
      let blocks = blockPart.pointer(in: scratch)
      for block in 0..<kernels.blocks {
        blocks[block] = UnsafePointer(leftPart.pointer(in: scratch) + (block &* kernels.rows &* inner))
      }
      for _ in 0..<tiles {
        kernels.tile(
          WordTile(
            rows: kernels.rows, blockCount: kernels.blocks, left: blocks, leftStride: inner,
            runOffsets: runPart.pointer(in: scratch), runCount: 1, runLength: inner,
            panel: panelPart.pointer(in: scratch), start: nil, output: outputPart.pointer(in: scratch),
            outputStride: columns))
      }
      return 2 * rows * columns * inner * tiles
    }
  }

  /// The best of several rounds of milliseconds, because other work on the machine can only slow one down.
  /// - Parameter work: gets zeroed memory and returns how many operations it did.
  static func fastest(
    _ context: ComputeContext, scratchFloats: Int, _ work: (UnsafeMutablePointer<Float>) -> Int
  ) throws -> Double {
    let threads = ThreadPool.shared.threadCount
    var best = 0.0
    for _ in 0..<24 {
      var operations = 0
      let begin = shim_seconds()
      try context.forEach(threads, scratchBytes: scratchFloats * 4) { item, scratch in
        memset(scratch, 0, scratchFloats &* 4)
        let done = work(scratch.assumingMemoryBound(to: Float.self))
        if item == 0 { operations = done }
      }
      best = max(best, Double(threads * operations) / (shim_seconds() - begin))
    }
    return best
  }

  /// Twelve vectors of the widest register.
  private static let chainFloats = 12 * 16
}
