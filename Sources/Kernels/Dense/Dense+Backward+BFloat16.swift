import CShims
import KernelTemplates
import Tensors

extension Dense {
  /// Writes `inputGradient`, rounded once from float32 sums of products with the weights rounded to bfloat16.
  ///
  /// dXᵀ = W · dYᵀ: the rows of W are in the order the kernel reads and only need rounding, dYᵀ is packed once, and the
  /// small product is transposed when stored. An item owns some rows of W, which are thus read once; the next block of
  /// them is prefetched while the tiles of this one are computed.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func backwardData(
    batch: Int, inputs: Int, outputs: Int, outputGradient: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    _ = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    let transpose = context.kernels.pointwise.transpose
    let (width, multiple) = (kernels.columns, kernels.innerMultiple)
    let panelCount = kernels.panelCount(batch)
    let run = kernels.runLength(outputs)
    let bytes = try Extent.product([panelCount, run, width, 2], operation: "packed gradient")
    let packed = try context.shared(bytes: bytes).assumingMemoryBound(to: BFloat16.self)
    var packing = ScratchLayout()
    let transposition = PanelTransposition(length: run, kernels: kernels, layout: &packing, context: context)
    try context.forEach(panelCount, scratchBytes: packing.bytes) { panel, scratch in
      let m = panel &* width
      copyRows(
        outputGradient + (m &* outputs), stride: outputs, rows: min(width, batch &- m), columns: outputs,
        into: transposition.rows(in: scratch), targetStride: transposition.stride)
      transposition.pack(in: scratch, into: packed + (m &* run))
    }

    let owned = Partition(inputs, atMost: DenseShape.ownedRows)
    let panelBlocks = Partition(panelCount, atMost: max(1, DenseShape.batchBlock / width))
    let steps = Partition(run / multiple, atMost: DenseShape.roundedBlock / multiple)
    let leftStride = steps.largest * multiple + DenseShape.skew
    let productStride = panelBlocks.largest * width
    var layout = ScratchLayout()
    let rowPart = layout.reserve(owned.largest * leftStride, of: BFloat16.self)
    let startPart = layout.reserve(width, of: Float.self)
    let productPart = layout.reserve(owned.largest * productStride, of: Float.self)
    let turnedPart = layout.reserve(owned.largest * productStride, of: Float.self)

    try context.forEach(owned.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = owned.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let (copy, start) = (rowPart.pointer(in: scratch), startPart.pointer(in: scratch))
      let (product, turned) = (productPart.pointer(in: scratch), turnedPart.pointer(in: scratch))
      memset(start, 0, width &* 4)
      let tiles = Partition(rows.count, atMost: kernels.rows &* kernels.blocks)
      for step in 0..<steps.parts {
        let first = steps.range(step).lowerBound &* multiple
        let length = steps.range(step).count &* multiple
        let count = min(length, outputs &- first)
        if count < length { memset(copy, 0, rows.count &* leftStride &* 2) }
        kernels.narrowRows(
          RowNarrowing(
            rows: rows.count, columns: count, source: weights + (rows.lowerBound &* outputs &+ first),
            sourceStride: outputs, relu: false, target: copy, targetStride: leftStride))
        let nextCount = min(length, outputs &- first &- count)
        for panel in panels {
          let number = panel &- panels.lowerBound
          for tile in 0..<tiles.parts {
            prefetch(
              weights + (rows.lowerBound &* outputs &+ first &+ count), stride: outputs, columns: nextCount,
              share: number &* tiles.parts &+ tile, of: panels.count &* tiles.parts, rows: rows.count)
            let range = tiles.range(tile)
            kernels.multiply(
              rowCount: range.count, left: copy + (range.lowerBound &* leftStride), leftStride: leftStride,
              runLength: length, panel: packed + ((panel &* run &+ first) &* width),
              start: step == 0 ? UnsafePointer(start) : nil,
              output: product + (range.lowerBound &* productStride &+ number &* width), outputStride: productStride)
          }
        }
      }
      let m = panels.lowerBound &* width
      let images = min(panels.count &* width, batch &- m)
      transpose(rows.count, images, product, productStride, turned, rows.count)
      kernels.narrowRows(
        RowNarrowing(
          rows: images, columns: rows.count, source: turned, sourceStride: rows.count, relu: false,
          target: inputGradient + (m &* inputs &+ rows.lowerBound), targetStride: inputs))
    }
  }

  /// Adds the float32 sums to `weightGradient` and `biasGradient`; without `accumulate`, both are overwritten.
  ///
  /// dW = Xᵀ · dY: both are packed once, the inner index is the batch. An item owns some rows and columns of dW.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func backwardFilter(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>, outputGradient: UnsafePointer<BFloat16>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?,
    accumulate: Bool = true, shards: Shards? = nil, context: ComputeContext
  ) throws {
    _ = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    let shards = shards ?? Shards(whole: batch)
    try shards.requireImages(batch, operation: "dense")
    try shards.requireOverwriting(accumulate, operation: "dense")
    if let biasGradient {
      try Self.biasGradient(
        shards, outputs: outputs, outputGradient: outputGradient, sums: biasGradient, accumulate: accumulate,
        context: context
      ) { try addColumnSums(rows: $0, columns: outputs, matrix: $1, sums: $2, context: context) }
    }
    let operands = try FilterOperands(
      shards, inputs: inputs, outputs: outputs, input: input, outputGradient: outputGradient, kernels: kernels,
      context: context)
    let width = kernels.columns
    let owned = Partition(inputs, atMost: DenseShape.ownedRows)
    let panelBlocks = Partition(kernels.panelCount(outputs), atMost: max(1, DenseShape.ownedColumns / width))
    var layout = ScratchLayout()
    let startPart = layout.reserve(width, of: Float.self)
    let spillPart = layout.reserve(kernels.blocks * kernels.rows * width, of: Float.self)
    let tileSums =
      shards.isWhole
      ? nil
      : DenseShards(
        shards, rows: kernels.blocks * kernels.rows, width: width, layout: &layout, context: context)

    try context.forEach(owned.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = owned.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let (start, spill) = (startPart.pointer(in: scratch), spillPart.pointer(in: scratch))
      memset(start, 0, width &* 4)
      // All panels of some rows of dW before the next rows, so that few pages are touched.
      let tiles = Partition(rows.count, atMost: kernels.rows * kernels.blocks)
      for tile in 0..<tiles.parts {
        let range = tiles.range(tile)
        let k = rows.lowerBound &+ range.lowerBound
        for panel in panels {
          let column = panel &* width
          let output = weightGradient + (k &* outputs &+ column)
          let valid = min(width, outputs &- column)
          guard let tileSums else {
            operands.multiply(
              rows: range.count, from: k, panel: panel, shard: 0, valid: valid,
              start: accumulate ? nil : UnsafePointer(start), spill: spill, output: output, outputStride: outputs)
            continue
          }
          tileSums.sum(
            rows: range.count, width: width, valid: valid, scratch: scratch, output: output, outputStride: outputs
          ) { shard, tile in
            operands.multiply(
              rows: range.count, from: k, panel: panel, shard: shard, valid: width, start: UnsafePointer(start),
              spill: spill, output: tile, outputStride: width)
          }
        }
      }
    }
  }
}

/// Xᵀ and dY as the tiles read them, in memory shared by items.
private struct FilterOperands {
  private let kernels: MatrixKernelsBFloat16
  /// Images, padded shard by shard.
  private let run: Int
  /// The padded images of each shard in it.
  private let runs: [Range<Int>]
  /// Elements from one row of Xᵀ to the next: rows a power of two apart would share a few cache sets.
  private let leftStride: Int
  private let left: UnsafeMutablePointer<BFloat16>
  private let panels: UnsafeMutablePointer<BFloat16>

  init(
    _ shards: Shards, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>,
    outputGradient: UnsafePointer<BFloat16>, kernels: MatrixKernelsBFloat16, context: ComputeContext
  ) throws {
    self.kernels = kernels
    let width = kernels.columns
    var run = 0
    let runs = shards.counts.map { count in
      let first = run
      run += count > 0 ? kernels.runLength(count) : 0
      return first..<run
    }
    self.runs = runs
    let (length, starts) = (run, shards.starts)
    let leftStride = length + DenseShape.skew
    let panelCount = kernels.panelCount(outputs)
    let elements =
      try Extent.product([inputs, leftStride], operation: "packed gradient")
      + Extent.product([panelCount, length, width], operation: "packed gradient")
    let left = try context.shared(bytes: elements * 2).assumingMemoryBound(to: BFloat16.self)
    let panels = left + (inputs * leftStride)
    (self.run, self.leftStride, self.left, self.panels) = (length, leftStride, left, panels)

    let columnBlocks = Partition(panelCount, atMost: DenseShape.ownedColumns / width)
    try context.forEach(columnBlocks.parts) { block, _ in
      let range = columnBlocks.range(block)
      let column = range.lowerBound &* width
      for (shard, run) in runs.enumerated() where !run.isEmpty {
        kernels.packPanels(
          outputGradient + (starts[shard] &* outputs &+ column), stride: outputs, count: shards.counts[shard],
          columns: min(outputs, range.upperBound &* width) &- column,
          into: panels + (column &* length &+ run.lowerBound &* width), panelStride: length &* width)
      }
    }
    // Pairs of images, packed like a panel, are transposed into rows just as pairs are into panels.
    let transpose = context.kernels.pointwise.transpose
    let rowBlocks = Partition(kernels.panelCount(inputs), atMost: DenseShape.ownedRows / width)
    let panelElements = (runs.map(\.count).max() ?? 0) * width
    try context.forEach(
      rowBlocks.parts, scratchBytes: rowBlocks.largest * panelElements * 2
    ) { block, scratch in
      let range = rowBlocks.range(block)
      let first = range.lowerBound &* width
      for (shard, run) in runs.enumerated() where !run.isEmpty {
        kernels.packPanels(
          input + (starts[shard] &* inputs &+ first), stride: inputs, count: shards.counts[shard],
          columns: min(inputs, range.upperBound &* width) &- first,
          into: scratch.assumingMemoryBound(to: BFloat16.self), panelStride: panelElements)
        for panel in range {
          let source = scratch + ((panel &- range.lowerBound) &* panelElements &* 2)
          let target = UnsafeMutableRawPointer(left + (panel &* width &* leftStride &+ run.lowerBound))
          transpose(
            run.count / 2, min(width, inputs &- panel &* width), source.assumingMemoryBound(to: Float.self), width,
            target.assumingMemoryBound(to: Float.self), leftStride / 2)
        }
      }
    }
  }

  /// A shard's sum of rows of dW from `row` on, for the `valid` columns of one panel.
  func multiply(
    rows: Int, from row: Int, panel: Int, shard: Int, valid: Int, start: UnsafePointer<Float>?,
    spill: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    let images = runs[shard]
    kernels.multiply(
      rowCount: rows, left: left + (row &* leftStride &+ images.lowerBound), leftStride: leftStride,
      runLength: images.count, panel: panels + ((panel &* run &+ images.lowerBound) &* kernels.columns), valid: valid,
      spill: spill, start: start, output: output, outputStride: outputStride)
  }
}
