import KernelTemplates
import Tensors

extension Dense {
  /// dXᵀ = W · dYᵀ: the rows of W are in the order the kernel reads, dYᵀ is packed once, and the small product is
  /// transposed when stored. An item owns some rows of W, which are thus read once.
  static func backwardDataByTiles(
    _ shape: DenseShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernels = context.kernels.matrix
    let width = kernels.columns
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    let panelCount = kernels.panelCount(shape.batch)
    let panelFloats = outputs * width
    let packed = try PackedWeights(
      panels: panelCount, floatsPerPanel: panelFloats, width: width, context: context)
    try context.forEach(panelCount) { panel, _ in
      let m = panel &* width
      packTransposedPanel(
        outputGradient + (m &* outputs), stride: outputs, count: outputs, columns: min(width, shape.batch &- m),
        into: packed.panels + (panel &* panelFloats), width: width)
      (packed.start + m).update(repeating: 0, count: width)
    }

    let owned = Partition(inputs, atMost: DenseShape.ownedRows)
    let panelBlocks = Partition(panelCount, atMost: max(1, DenseShape.batchBlock / width))
    let steps = Partition(outputs, atMost: DenseShape.innerBlock)
    let leftStride = steps.largest + DenseShape.skew
    let productStride = panelBlocks.largest * width
    var layout = ScratchLayout()
    let rowPart = layout.reserve(owned.largest * leftStride, of: Float.self)
    let pointerPart = layout.reserve(owned.largest, of: UnsafePointer<Float>.self)
    let productPart = layout.reserve(owned.largest * productStride, of: Float.self)
    let runPart = layout.reserve(1, of: Int.self)

    try context.forEach(owned.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = owned.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let (copy, pointers) = (rowPart.pointer(in: scratch), pointerPart.pointer(in: scratch))
      let (product, run) = (productPart.pointer(in: scratch), runPart.pointer(in: scratch))
      run[0] = 0
      for row in 0..<rows.count { pointers[row] = UnsafePointer(copy + (row &* leftStride)) }
      let tiles = Partition(rows.count, atMost: kernels.rows)
      for step in 0..<steps.parts {
        let inner = steps.range(step)
        copyRows(
          weights + (rows.lowerBound &* outputs &+ inner.lowerBound), stride: outputs, rows: rows.count,
          columns: inner.count, into: copy, targetStride: leftStride)
        for panel in panels {
          let column = (panel &- panels.lowerBound) &* width
          let isNarrow = shape.batch &- panel &* width <= width / 2
          let kernel = isNarrow ? kernels.narrowRowTile : kernels.rowTile
          for tile in 0..<tiles.parts {
            let range = tiles.range(tile)
            kernel(
              range.count,
              RowTile(
                left: pointers + range.lowerBound, runOffsets: run, runCount: 1, runLength: inner.count,
                panel: packed.panels + (panel &* panelFloats &+ inner.lowerBound &* width), panelWidth: width,
                start: step == 0 ? UnsafePointer(packed.start) : nil, relu: false,
                output: product + (range.lowerBound &* productStride &+ column), outputStride: productStride))
          }
        }
      }
      let m = panels.lowerBound &* width
      transpose(
        product, stride: productStride, rows: rows.count, columns: min(panels.count &* width, shape.batch &- m),
        into: inputGradient + (m &* inputs &+ rows.lowerBound), targetStride: inputs)
    }
  }

  /// dW = Xᵀ · dY, added to the existing values on request, as sums of outer products: an item owns some rows and
  /// columns of dW, and each of its tiles is visited once per block of the batch, or once for all shards.
  static func backwardFilterByTiles(
    _ shape: DenseShape, _ shards: Shards, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, accumulate: Bool, context: ComputeContext
  ) throws {
    let kernels = context.kernels.matrix
    let width = kernels.columns
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let panelCount = kernels.panelCount(outputs)
    let packed = try PackedWeights(
      panels: panelCount, floatsPerPanel: batch * width, width: width, context: context)
    try context.forEach(panelCount) { panel, _ in
      let column = panel &* width
      kernels.packPanels(
        outputGradient + column, stride: outputs, count: batch, valid: min(width, outputs &- column),
        into: packed.panels + (panel &* batch &* width))
    }

    let owned = Partition(inputs, atMost: DenseShape.ownedRows)
    let panelBlocks = Partition(panelCount, atMost: max(1, DenseShape.ownedColumns / width))
    let batches = Partition(batch, atMost: shards.isWhole ? DenseShape.batchBlock : batch)
    let leftStride = owned.largest + DenseShape.skew
    var layout = ScratchLayout()
    let copyPart = layout.reserve(batches.largest * leftStride, of: Float.self)
    let tileSums =
      shards.isWhole ? nil : DenseShards(shards, rows: kernels.rows, width: width, layout: &layout, context: context)
    let spillPart = layout.reserve(kernels.rows * width, of: Float.self)

    try context.forEach(owned.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = owned.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let (copy, spill) = (copyPart.pointer(in: scratch), spillPart.pointer(in: scratch))
      let tiles = Partition(rows.count, atMost: kernels.rows)
      for block in 0..<batches.parts {
        let m = batches.range(block)
        copyRows(
          input + (m.lowerBound &* inputs &+ rows.lowerBound), stride: inputs, rows: m.count, columns: rows.count,
          into: copy, targetStride: leftStride)
        for tile in 0..<tiles.parts {
          let range = tiles.range(tile)
          let k = rows.lowerBound &+ range.lowerBound
          for panel in panels {
            let column = panel &* width
            let output = weightGradient + (k &* outputs &+ column)
            let valid = min(width, outputs &- column)
            /// The sum over `images` of the block.
            func outerTile(
              _ images: Range<Int>, accumulates: Bool, output: UnsafeMutablePointer<Float>, outputStride: Int
            ) -> OuterTile {
              OuterTile(
                pixelRows: 1, pixelColumns: images.count,
                left: copy + (images.lowerBound &* leftStride &+ range.lowerBound), leftRowStride: 0,
                leftStride: leftStride,
                right: packed.panels + ((panel &* batch &+ m.lowerBound &+ images.lowerBound) &* width),
                rightRowStride: 0, rightStride: width, accumulates: accumulates, output: output,
                outputStride: outputStride)
            }
            guard let tileSums else {
              kernels.outerTile(
                range.count,
                outerTile(
                  0..<m.count, accumulates: accumulate || block > 0, output: output, outputStride: outputs),
                valid: valid, spill: spill)
              continue
            }
            tileSums.sum(
              rows: range.count, width: width, valid: valid, scratch: scratch, output: output, outputStride: outputs
            ) { shard, tile in
              // In the blocks of a batch of so many images.
              let blocks = Partition(shards.counts[shard], atMost: DenseShape.batchBlock)
              let first = tileSums.starts[shard]
              for block in 0..<blocks.parts {
                let images = blocks.range(block)
                kernels.outerTile(
                  range.count,
                  outerTile(
                    first &+ images.lowerBound..<first &+ images.upperBound, accumulates: block > 0, output: tile,
                    outputStride: width))
              }
            }
          }
        }
      }
    }
  }
}
