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
    rows: Int, width: Int, valid: Int, scratch: UnsafeMutableRawPointer, accumulate: Bool,
    output: UnsafeMutablePointer<Float>, outputStride: Int,
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
        add(values, count: rows &* width, to: sums, one: one)
      }
    }
    for row in 0..<rows {
      let (sum, target) = (slots + (row &* width), output + (row &* outputStride))
      if accumulate { add(sum, count: valid, to: target, one: one) } else { target.update(from: sum, count: valid) }
    }
  }

  private func add(
    _ values: UnsafePointer<Float>, count: Int, to sums: UnsafeMutablePointer<Float>, one: UnsafePointer<Float>
  ) {
    addRows(
      WeightedRows(
        weights: one, weightStride: 0, rows: values, rowStride: count, rowCount: 1, columns: count, output: sums))
  }
}

extension Dense {
  /// ``backwardFilter(batch:inputs:outputs:input:outputGradient:weightGradient:biasGradient:accumulate:shards:context:)``
  /// of a bias: its sum over every shard, added in pairs.
  static func biasGradient<Element: BitwiseCopyable>(
    _ shards: Shards, outputs: Int, outputGradient: UnsafePointer<Element>, sums: UnsafeMutablePointer<Float>,
    accumulate: Bool, context: ComputeContext,
    addColumnSums: (_ rows: Int, UnsafePointer<Element>, UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    if shards.isWhole {
      if !accumulate { sums.update(repeating: 0, count: outputs) }
      return try addColumnSums(shards.images, outputGradient, sums)
    }
    let memory = try context.partialSums(count: (PairwiseSum.slots(shards.counts.count) + 1) * outputs)
    let starts = shards.starts
    try PairwiseSum.sum(terms: shards.counts.count) { shard, slot in
      let target = memory + slot * outputs
      target.update(repeating: 0, count: outputs)
      if shards.counts[shard] > 0 {
        try addColumnSums(shards.counts[shard], outputGradient + starts[shard] * outputs, target)
      }
    } add: { slot, other in
      try shards.add(count: outputs, memory + other * outputs, to: memory + slot * outputs, context: context)
    }
    if accumulate {
      try Addition.add(count: outputs, memory, to: sums, context: context)
    } else {
      sums.update(from: memory, count: outputs)
    }
  }
}
