import KernelTemplates
import Tensors

/// Sums tiles of dW over the shards of a batch while they are in the cache: dW is written once, as without shards.
struct DenseShards {
  let shards: Shards
  /// Where each begins in the batch.
  let starts: [Int]
  private let addRows: @Sendable (WeightedRows) -> Void
  private let tileFloats: Int
  private let slotPart: ScratchLayout.Part<Float>

  /// - Parameters:
  ///   - rows: of the largest tile.
  ///   - width: its columns.
  init(_ shards: Shards, rows: Int, width: Int, layout: inout ScratchLayout, context: ComputeContext) {
    self.shards = shards
    starts = shards.starts
    addRows = context.kernels.matrix.addWeightedRows
    tileFloats = rows * width
    slotPart = layout.reserve((PairwiseSum.slots(shards.counts.count) + 1) * tileFloats + 1, of: Float.self)
  }

  /// - Parameters:
  ///   - output: the tile's first element in dW.
  ///   - write: writes the tile's sum over a shard's images, all its columns.
  func sum(
    rows: Int, width: Int, valid: Int, scratch: UnsafeMutableRawPointer, output: UnsafeMutablePointer<Float>,
    outputStride: Int,
    write: (_ shard: Int, _ tile: UnsafeMutablePointer<Float>) -> Void
  ) {
    let slots = slotPart.pointer(in: scratch)
    let one = slots + ((PairwiseSum.slots(shards.counts.count) &+ 1) &* tileFloats)
    one[0] = 1
    PairwiseSum.sum(terms: shards.counts.count) { shard, slot in
      let tile = slots + (slot &* tileFloats)
      if shards.counts[shard] > 0 {
        write(shard, tile)
      } else {
        tile.update(repeating: 0, count: rows &* width)
      }
    } add: { slot, other in
      let (values, sums) = (slots + (other &* tileFloats), slots + (slot &* tileFloats))
      if shards.roundsSums {
        Addition.addRounded(count: rows &* width, values, to: sums)
      } else {
        addRows(
          WeightedRows(
            weights: one, weightStride: 0, rows: values, rowStride: tileFloats, rowCount: 1, columns: rows &* width,
            output: sums))
      }
    }
    copyRows(slots, stride: width, rows: rows, columns: valid, into: output, targetStride: outputStride)
  }
}

extension Dense {
  /// The gradient of a bias: column sums over every shard.
  static func biasGradient<Element: BitwiseCopyable>(
    _ shards: Shards, outputs: Int, outputGradient: UnsafePointer<Element>, sums: UnsafeMutablePointer<Float>,
    accumulate: Bool, context: ComputeContext,
    addColumnSums: (_ rows: Int, UnsafePointer<Element>, UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    if shards.isWhole {
      if !accumulate { sums.update(repeating: 0, count: outputs) }
      return try addColumnSums(shards.images, outputGradient, sums)
    }
    try shards.sum(into: [UnsafeMutableBufferPointer(start: sums, count: outputs)], context: context) { images, sums in
      sums[0].update(repeating: 0, count: outputs)
      try addColumnSums(images.count, outputGradient + images.lowerBound * outputs, sums[0])
    }
  }
}
