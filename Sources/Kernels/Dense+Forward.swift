import CShims
import KernelTemplates

extension Dense {
  /// An item owns some rows of the batch and some panels of columns, and walks over the inner index in blocks; it
  /// packs each block of the weights as it comes to it, so that they are read once. The next block is asked for
  /// while the tiles of this one are computed: a block's rows lie too far apart for the CPU to guess them.
  static func forwardByTiles(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernels = context.kernels.matrix
    let width = kernels.columns
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    let panelCount = kernels.panelCount(outputs)
    let batches = Partition(shape.batch, atMost: DenseShape.batchBlock)
    let steps = Partition(inputs, atMost: DenseShape.innerBlock)
    let work = batches.largest * inputs * outputs / DenseShape.itemWork
    let panelBlocks = Partition(panelCount, parts: max(BlockSize.items, work))
    let leftStride = steps.largest + DenseShape.skew
    let panelStride = steps.largest * width + width

    var layout = ScratchLayout()
    let rowPart = layout.reserve(batches.largest * leftStride, of: Float.self)
    let pointerPart = layout.reserve(batches.largest, of: UnsafePointer<Float>.self)
    let panelPart = layout.reserve(panelBlocks.largest * panelStride, of: Float.self)
    let startPart = layout.reserve(panelBlocks.largest * width, of: Float.self)
    let runPart = layout.reserve(1, of: Int.self)
    let spillPart = layout.reserve(kernels.rows * width, of: Float.self)

    try context.forEach(batches.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = batches.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let (copy, pointers) = (rowPart.pointer(in: scratch), pointerPart.pointer(in: scratch))
      let (packed, start) = (panelPart.pointer(in: scratch), startPart.pointer(in: scratch))
      let (run, spill) = (runPart.pointer(in: scratch), spillPart.pointer(in: scratch))
      run[0] = 0
      for row in 0..<rows.count { pointers[row] = UnsafePointer(copy + (row &* leftStride)) }
      for j in 0..<(panels.count &* width) {
        let column = panels.lowerBound &* width &+ j
        start[j] = column < outputs ? bias.map { $0[column] } ?? 0 : 0
      }
      let tiles = Partition(rows.count, atMost: kernels.rows)
      for step in 0..<steps.parts {
        let inner = steps.range(step)
        copyRows(
          input + (rows.lowerBound &* inputs &+ inner.lowerBound), stride: inputs, rows: rows.count,
          columns: inner.count, into: copy, targetStride: leftStride)
        let firstColumn = panels.lowerBound &* width
        kernels.packPanels(
          weights + (inner.lowerBound &* outputs &+ firstColumn), stride: outputs, count: inner.count,
          valid: min(panels.count &* width, outputs &- firstColumn), into: packed,
          panelStride: panelStride)
        let nextStep = step &+ 1 < steps.parts ? steps.range(step &+ 1) : 0..<0
        let calls = panels.count &* tiles.parts
        var call = 0
        for panel in panels {
          let column = panel &* width
          let target = packed + ((panel &- panels.lowerBound) &* panelStride)
          for tile in 0..<tiles.parts {
            let range = tiles.range(tile)
            prefetch(
              weights + (nextStep.lowerBound &* outputs &+ firstColumn), stride: outputs,
              columns: panels.count &* width,
              share: call, of: calls, rows: nextStep.count)
            prefetch(
              input + (rows.lowerBound &* inputs &+ nextStep.lowerBound), stride: inputs, columns: nextStep.count,
              share: call, of: calls, rows: rows.count)
            call = call &+ 1
            kernels.rowTile(
              range.count,
              RowTile(
                left: pointers + range.lowerBound, runOffsets: run, runCount: 1, runLength: inner.count,
                panel: target, start: step == 0 ? start + ((panel &- panels.lowerBound) &* width) : nil,
                relu: relu && step == steps.parts &- 1,
                output: output + ((rows.lowerBound &+ range.lowerBound) &* outputs &+ column),
                outputStride: outputs),
              valid: min(width, outputs &- column), spill: spill)
          }
        }
      }
    }
  }

  /// Asks for one share of a matrix's rows to be brought into the cache while tiles are computed.
  static func prefetch<Element>(
    _ matrix: UnsafePointer<Element>, stride: Int, columns: Int, share: Int, of shares: Int, rows: Int
  ) {
    var row = rows &* share / shares
    let end = rows &* (share &+ 1) / shares
    while row < end {
      var address = UnsafeRawPointer(matrix + (row &* stride))
      let last = address + (columns &* MemoryLayout<Element>.stride)
      while address < last {
        shim_prefetch(address)
        address += 64
      }
      row = row &+ 1
    }
  }

  /// Few rows: an item reads some rows of the weights front to back and adds them up, weighted with the inputs; the
  /// items' sums are then added in their order.
  static func forwardByRows(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernels = context.kernels.matrix
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let blocks = Partition(inputs, parts: min(2 * BlockSize.items, max(1, inputs * outputs / (1 << 16))))
    let partFloats = batch * outputs
    let partial = try context.shared(bytes: (blocks.parts * partFloats + 1) * 4)
      .assumingMemoryBound(to: Float.self)
    let one = partial + (blocks.parts * partFloats)
    one[0] = 1

    try context.forEach(blocks.parts) { block, _ in
      let range = blocks.range(block)
      let sums = partial + (block &* partFloats)
      sums.update(repeating: 0, count: partFloats)
      var k = range.lowerBound
      while k < range.upperBound {
        // A few rows of the weights at a time serve every row of the batch from the cache.
        let count = batch == 1 ? range.count : min(8, range.upperBound &- k)
        for m in 0..<batch {
          kernels.addWeightedRows(
            WeightedRows(
              weights: input + (m &* inputs &+ k), weightStride: 1, rows: weights + (k &* outputs),
              rowStride: outputs, rowCount: count, columns: outputs, output: sums + (m &* outputs)))
        }
        k = k &+ count
      }
    }
    try context.forEach(batch) { m, _ in
      let row = output + (m &* outputs)
      for j in 0..<outputs { row[j] = bias.map { $0[j] } ?? 0 }
      kernels.addWeightedRows(
        WeightedRows(
          weights: one, weightStride: 0, rows: partial + (m &* outputs), rowStride: partFloats,
          rowCount: blocks.parts, columns: outputs, output: row))
      if relu { for j in 0..<outputs { row[j] = row[j] < 0 ? 0 : row[j] } }
    }
  }
}
