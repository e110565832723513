import CShims
import KernelTemplates

extension Dense {
  /// An item owns some rows of the batch and some panels of columns, and walks over the inner index in blocks; it
  /// packs each block of the weights as it comes to it, so that they are read once. The next block is asked for
  /// while the tiles of this one are computed: a block's rows lie too far apart for the CPU to guess them. Sums stay
  /// in scratch memory until they are whole: rows of the output a power of two apart would share a few cache sets.
  static func forwardByTiles(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: some DenseWeights, bias: UnsafePointer<Float>?,
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
    let left = try DenseBlocks(shape, steps: steps, input: input, context: context)
    let panelStride = steps.largest * width + width
    let sumStride = panelBlocks.largest * width + DenseShape.skew

    var layout = ScratchLayout()
    let pointerPart = layout.reserve(batches.largest, of: UnsafePointer<Float>.self)
    let panelPart = layout.reserve(panelBlocks.largest * panelStride, of: Float.self)
    let startPart = layout.reserve(panelBlocks.largest * width, of: Float.self)
    let runPart = layout.reserve(1, of: Int.self)
    let sumPart = layout.reserve(batches.largest * sumStride, of: Float.self)

    try context.forEach(batches.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = batches.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let pointers = pointerPart.pointer(in: scratch)
      let (packed, start) = (panelPart.pointer(in: scratch), startPart.pointer(in: scratch))
      let (run, sums) = (runPart.pointer(in: scratch), sumPart.pointer(in: scratch))
      run[0] = 0
      for j in 0..<(panels.count &* width) {
        let column = panels.lowerBound &* width &+ j
        start[j] = column < outputs ? bias.map { $0[column] } ?? 0 : 0
      }
      let columns = (panels.lowerBound &* width)..<min(panels.upperBound &* width, outputs)
      let tiles = Partition(rows.count, atMost: kernels.rows)
      for step in 0..<steps.parts {
        let inner = steps.range(step)
        for row in 0..<rows.count { pointers[row] = left.row(rows.lowerBound &+ row, step: step) }
        weights.packPanels(rows: inner, columns: columns, into: packed, panelStride: panelStride)
        let nextStep = step &+ 1 < steps.parts ? steps.range(step &+ 1) : 0..<0
        let calls = panels.count &* tiles.parts
        var call = 0
        for panel in 0..<panels.count {
          for tile in 0..<tiles.parts {
            let range = tiles.range(tile)
            prefetch(
              weights.values + (nextStep.lowerBound &* outputs &+ columns.lowerBound), stride: outputs,
              columns: columns.count, share: call, of: calls, rows: nextStep.count)
            prefetch(
              left.row(rows.lowerBound, step: step &+ 1), stride: left.stride, columns: nextStep.count, share: call,
              of: calls, rows: nextStep.isEmpty ? 0 : rows.count)
            call = call &+ 1
            kernels.rowTile(
              range.count,
              RowTile(
                left: pointers + range.lowerBound, runOffsets: run, runCount: 1, runLength: inner.count,
                panel: packed + (panel &* panelStride), panelWidth: width,
                start: step == 0 ? start + (panel &* width) : nil, relu: relu && step == steps.parts &- 1,
                output: sums + (range.lowerBound &* sumStride &+ panel &* width), outputStride: sumStride))
          }
        }
      }
      copyRows(
        sums, stride: sumStride, rows: rows.count, columns: columns.count,
        into: output + (rows.lowerBound &* outputs &+ columns.lowerBound), targetStride: outputs)
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
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: some DenseWeights, bias: UnsafePointer<Float>?,
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
        let end = batch == 1 ? range.upperBound : min(k &+ 8, range.upperBound)
        for m in 0..<batch {
          weights.addWeightedRows(k..<end, weights: input + (m &* inputs &+ k), to: sums + (m &* outputs))
        }
        k = end
      }
    }
    let columns = Partition(outputs, atMost: DenseShape.summedColumns)
    try context.forEach(batch * columns.parts) { item, _ in
      let (m, range) = (item / columns.parts, columns.range(item % columns.parts))
      let first = m &* outputs &+ range.lowerBound
      let row = output + first
      row.update(repeating: 0, count: range.count)
      kernels.addWeightedRows(
        WeightedRows(
          weights: one, weightStride: 0, rows: partial + first, rowStride: partFloats, rowCount: blocks.parts,
          columns: range.count, output: row))
      for j in 0..<range.count {
        let y = weights.scaled(row[j], column: range.lowerBound &+ j) + (bias.map { $0[range.lowerBound &+ j] } ?? 0)
        row[j] = relu && y < 0 ? 0 : y
      }
    }
  }
}
