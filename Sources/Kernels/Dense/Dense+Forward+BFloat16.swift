import CShims
import KernelTemplates
import Tensors

extension Dense {
  /// Writes `output`, rounded once from float32 sums of products with the weights rounded to bfloat16; with `relu`, its
  /// max(0, ·).
  /// - Parameter packed: the weights packed by ``pack(inputs:outputs:as:weights:into:context:)``, for many calls with
  ///   the same weights; nil: the call packs them itself.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    try sum(
      shape, input: input, weights: weights, packed: packed, bias: bias, kernels: kernels, context: context
    ) { sums, stride, rows, columns in
      kernels.narrowRows(
        RowNarrowing(
          rows: rows.count, columns: columns.count, source: sums, sourceStride: stride, relu: relu,
          target: output + (rows.lowerBound &* outputs &+ columns.lowerBound), targetStride: outputs))
    }
  }

  /// The same with the unrounded sums as output, for a network's scores.
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    try sum(
      shape, input: input, weights: weights, packed: packed, bias: bias, kernels: kernels, context: context
    ) { sums, stride, rows, columns in
      let target = output + (rows.lowerBound &* outputs &+ columns.lowerBound)
      copyRows(
        sums, stride: stride, rows: rows.count, columns: columns.count, into: target, targetStride: outputs)
      if relu { BLAS.rectify(target, rows: rows.count, columns: columns.count, stride: outputs) }
    }
  }

  /// Bytes of the packed weights of a dense layer.
  public static func packedByteCount(
    inputs: Int, outputs: Int, as type: BFloat16.Type, context: ComputeContext
  ) throws -> Int {
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    return try Extent.product(
      [kernels.panelCount(outputs), kernels.runLength(inputs), kernels.columns, MemoryLayout<BFloat16>.stride],
      operation: "packed weights")
  }

  /// Packs the weights for the forward pass on this context or one like it: [panel][padded inputs / 2][panel
  /// columns][2].
  public static func pack(
    inputs: Int, outputs: Int, as type: BFloat16.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    let panelStride = kernels.runLength(inputs) * kernels.columns
    let panels = memory.assumingMemoryBound(to: BFloat16.self)
    // A few rows at a time, so that the weights are read sequentially; only the last ones are padded.
    let steps = Partition(kernels.runLength(inputs) / kernels.innerMultiple, atMost: 64 / kernels.innerMultiple)
    try context.forEach(steps.parts) { step, _ in
      let first = steps.range(step).lowerBound &* kernels.innerMultiple
      let end = min(inputs, steps.range(step).upperBound &* kernels.innerMultiple)
      kernels.packPanels(
        weights + (first &* outputs), stride: outputs, count: end &- first, columns: outputs,
        into: panels + (first &* kernels.columns), panelStride: panelStride)
    }
  }

  /// An item owns some rows of the batch and some panels of columns, and walks the inner index in blocks. It packs
  /// weights that are not packed yet block by block, so that they are read once, and prefetches the next block while
  /// the tiles of this one are computed.
  /// - Parameter store: moves the sums of an item, in rows `stride` apart, to their place in the output.
  private static func sum(
    _ shape: DenseShape, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>, packed: UnsafeRawPointer?,
    bias: UnsafePointer<Float>?, kernels: MatrixKernelsBFloat16, context: ComputeContext,
    store: (_ sums: UnsafePointer<Float>, _ stride: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) throws {
    let (width, multiple) = (kernels.columns, kernels.innerMultiple)
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    let panelCount = kernels.panelCount(outputs)
    let run = kernels.runLength(inputs)
    let batches = Partition(shape.batch, atMost: DenseShape.batchBlock)
    // With few rows, a block of the weights is finished as soon as it has been read: it need not fit a cache.
    let block = shape.batch <= kernels.rows ? DenseShape.streamedBlock : DenseShape.innerBlock
    let steps = Partition(run / multiple, atMost: block / multiple)
    let work = (batches.largest * inputs).saturatingTimes(outputs) / DenseShape.itemWork
    let panelBlocks = Partition(
      panelCount, parts: max(BlockSize.items, work, panelCount / (DenseShape.ownedColumns / width)))
    let left = try DenseBlocks(shape, steps: steps, multiple: multiple, input: input, context: context)
    let panelStride = steps.largest * multiple * width
    let sumStride = panelBlocks.largest * width

    var layout = ScratchLayout()
    let panelPart = layout.reserve(packed == nil ? panelBlocks.largest * panelStride : 0, of: BFloat16.self)
    let startPart = layout.reserve(sumStride, of: Float.self)
    let sumPart = layout.reserve(batches.largest * sumStride, of: Float.self)

    try context.forEach(batches.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = batches.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let columns = Range(
        uncheckedBounds: (panels.lowerBound &* width, min(outputs, panels.upperBound &* width)))
      let ownPanels = panelPart.pointer(in: scratch)
      let (start, sums) = (startPart.pointer(in: scratch), sumPart.pointer(in: scratch))
      for j in 0..<(panels.count &* width) {
        start[j] = j < columns.count ? bias.map { $0[columns.lowerBound &+ j] } ?? 0 : 0
      }
      let tiles = Partition(rows.count, atMost: kernels.rows &* kernels.blocks)
      for step in 0..<steps.parts {
        let first = steps.range(step).lowerBound &* multiple
        let length = steps.range(step).count &* multiple
        let count = min(length, inputs &- first)
        if packed == nil {
          kernels.packPanels(
            weights + (first &* outputs &+ columns.lowerBound), stride: outputs, count: count,
            columns: columns.count, into: ownPanels, panelStride: panelStride)
        }
        let nextCount = packed == nil ? min(length, inputs &- first &- count) : 0
        for panel in panels {
          let number = panel &- panels.lowerBound
          var source = UnsafePointer(ownPanels + (number &* panelStride))
          if let packed {
            source = packed.assumingMemoryBound(to: BFloat16.self) + ((panel &* run &+ first) &* width)
          }
          let nextPanel = packed == nil || tiles.parts == 1 || panel &+ 1 == panels.upperBound ? 0 : length
          for tile in 0..<tiles.parts {
            prefetch(
              weights + ((first &+ count) &* outputs &+ columns.lowerBound), stride: outputs, columns: columns.count,
              share: number &* tiles.parts &+ tile, of: panels.count &* tiles.parts, rows: nextCount)
            prefetch(
              source + (run &* width), stride: width, columns: width, share: tile, of: tiles.parts, rows: nextPanel)
            let range = tiles.range(tile)
            kernels.multiply(
              rowCount: range.count, left: left.row(rows.lowerBound &+ range.lowerBound, step: step),
              leftStride: left.stride,
              runLength: length, panel: source, start: step == 0 ? start + (number &* width) : nil,
              output: sums + (range.lowerBound &* sumStride &+ number &* width), outputStride: sumStride)
          }
        }
      }
      store(sums, sumStride, rows, columns)
    }
  }
}
