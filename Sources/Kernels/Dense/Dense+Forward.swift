import CShims
import KernelTemplates

extension Dense {
  /// An item owns some rows of the batch and some panels of columns, and walks the inner index in blocks; it packs each
  /// block of the weights when it reaches it, so that they are read once. The next block is prefetched while the tiles
  /// of this one are computed: a block's rows lie too far apart for the hardware prefetcher. Sums stay in scratch
  /// memory until complete: output rows a power of two apart would share a few cache sets.
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
        start[j] = column < outputs ? weights.start(column: column, bias: bias) : 0
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
                start: step == 0 ? start + (panel &* width) : nil, relu: false,
                output: sums + (range.lowerBound &* sumStride &+ panel &* width), outputStride: sumStride))
          }
        }
      }
      for row in 0..<rows.count {
        weights.finish(
          sums + (row &* sumStride), columns: columns, bias: bias, relu: relu,
          output: output + ((rows.lowerBound &+ row) &* outputs &+ columns.lowerBound))
      }
    }
  }

  /// Prefetches one share of a matrix's rows while tiles are computed.
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

  /// Few rows: an item reads some columns of the weights in place and adds them up row by row, weighted by the inputs.
  /// How the columns are divided changes no sum, so it may depend on the number of threads.
  static func forwardByRows<Weights: DenseWeights>(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: Weights, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let kernels = context.kernels.matrix
    let (multiple, bytes) = (kernels.columns, DenseShape.streamedBytes)
    let width = min(
      max(outputs / context.threadCount, bytes.lowerBound / MemoryLayout<Weights.Element>.stride),
      min(bytes.upperBound / MemoryLayout<Weights.Element>.stride, DenseShape.streamedSums / batch))
    let panels = Partition(kernels.panelCount(outputs), atMost: kernels.panelCount(width))
    let stride = panels.largest * multiple
    var layout = ScratchLayout()
    let sumPart = layout.reserve(batch * stride, of: Float.self)
    // A few rows of the weights at a time serve every row of the batch from the cache.
    let rowsAtOnce = batch == 1 ? inputs : 8
    try context.forEach(panels.parts, scratchBytes: layout.bytes) { part, scratch in
      let range = panels.range(part)
      let columns = (range.lowerBound &* multiple)..<min(range.upperBound &* multiple, outputs)
      let sums = sumPart.pointer(in: scratch)
      for m in 0..<batch {
        for (j, column) in columns.enumerated() { sums[m &* stride &+ j] = weights.start(column: column, bias: bias) }
      }
      var k = 0
      while k < inputs {
        let end = min(k &+ rowsAtOnce, inputs)
        weights.addWeightedRows(
          k..<end, columns: columns, batch: batch, input: input + k, inputStride: inputs, sums: sums,
          sumStride: stride)
        k = end
      }
      for m in 0..<batch {
        weights.finish(
          sums + (m &* stride), columns: columns, bias: bias, relu: relu,
          output: output + (m &* outputs &+ columns.lowerBound))
      }
    }
  }
}
