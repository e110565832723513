import KernelTemplates

/// The weights of a dense layer as words for tiles.
enum DenseWords<Element> {
  /// [panel][padded inputs / elements of a word][panel columns][elements of a word]
  case packed(UnsafePointer<Element>)
  /// [inputs][outputs], which `pack` makes panels of, a block of rows and columns at a time.
  case floats(
    UnsafePointer<Float>,
    pack: (
      _ block: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ panels: UnsafeMutablePointer<Element>,
      _ panelStride: Int
    ) -> Void)
}

extension Dense {
  /// An item owns some rows of the batch and some panels of columns, and walks the inner index in blocks. It packs
  /// weights that are not packed yet block by block, so that they are read once, and prefetches the next block while
  /// the tiles of this one are computed.
  /// - Parameters:
  ///   - start: the value with which the sums of an output begin.
  ///   - finish: makes outputs of an item's sums, in rows `stride` apart.
  static func sum<Kernels: WordTileKernels>(
    _ shape: DenseShape, input: UnsafePointer<Kernels.Left>, weights: DenseWords<Kernels.Right>, kernels: Kernels,
    context: ComputeContext, start initial: (_ column: Int) -> Kernels.Sum,
    finish: (_ sums: UnsafePointer<Kernels.Sum>, _ stride: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) throws {
    let (width, multiple) = (kernels.columns, kernels.innerMultiple)
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    let panelCount = kernels.panelCount(outputs)
    let run = kernels.runLength(inputs)
    let batches = Partition(shape.batch, atMost: DenseShape.batchBlock)
    let packsPanels = if case .floats = weights { true } else { false }
    let panelBlock = DenseShape.panel / (width * MemoryLayout<Kernels.Right>.stride)
    // With few rows, a packed panel is only read once, and need not fit a cache.
    let block = packsPanels ? DenseShape.innerBlock : shape.batch <= kernels.rows ? run : panelBlock
    let steps = Partition(run / multiple, atMost: block / multiple)
    let work = (batches.largest * inputs).saturatingTimes(outputs) / DenseShape.itemWork
    let panelBlocks = Partition(
      panelCount, parts: max(BlockSize.items, work, panelCount / (DenseShape.ownedColumns / width)))
    let left = try DenseBlocks(shape, steps: steps, multiple: multiple, input: input, context: context)
    let panelStride = steps.largest * multiple * width
    let sumStride = panelBlocks.largest * width

    var layout = ScratchLayout()
    let panelPart = layout.reserve(packsPanels ? panelBlocks.largest * panelStride : 0, of: Kernels.Right.self)
    let startPart = layout.reserve(sumStride, of: Kernels.Sum.self)
    let sumPart = layout.reserve(batches.largest * sumStride, of: Kernels.Sum.self)

    try context.forEach(batches.parts * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let rows = batches.range(item / panelBlocks.parts)
      let panels = panelBlocks.range(item % panelBlocks.parts)
      let columns = Range(
        uncheckedBounds: (panels.lowerBound &* width, min(outputs, panels.upperBound &* width)))
      let (start, sums) = (startPart.pointer(in: scratch), sumPart.pointer(in: scratch))
      // Past the last column the sums are not used.
      for j in 0..<(panels.count &* width) { start[j] = initial(min(columns.lowerBound &+ j, outputs &- 1)) }
      let tiles = Partition(rows.count, atMost: kernels.rows &* kernels.blocks)
      for step in 0..<steps.parts {
        let first = steps.range(step).lowerBound &* multiple
        let length = steps.range(step).count &* multiple
        let count = min(length, inputs &- first)
        let (block, blockStride): (UnsafePointer<Kernels.Right>, Int)
        switch weights {
        case .packed(let all): (block, blockStride) = (all + (panels.lowerBound &* run &+ first) &* width, run &* width)
        case .floats(let all, let pack):
          let ownPanels = panelPart.pointer(in: scratch)
          pack(all + (first &* outputs &+ columns.lowerBound), count, columns.count, ownPanels, panelStride)
          (block, blockStride) = (UnsafePointer(ownPanels), panelStride)
        }
        for number in 0..<panels.count {
          let panel = block + number &* blockStride
          for tile in 0..<tiles.parts {
            if case .floats(let all, _) = weights {
              prefetch(
                all + ((first &+ count) &* outputs &+ columns.lowerBound), stride: outputs, columns: columns.count,
                share: number &* tiles.parts &+ tile, of: panels.count &* tiles.parts,
                rows: min(length, inputs &- first &- count))
            }
            let range = tiles.range(tile)
            kernels.multiply(
              rowCount: range.count, left: left.row(rows.lowerBound &+ range.lowerBound, step: step),
              leftStride: left.stride, runLength: length, panel: panel,
              start: step == 0 ? start + (number &* width) : nil,
              output: sums + (range.lowerBound &* sumStride &+ number &* width), outputStride: sumStride)
          }
        }
      }
      finish(sums, sumStride, rows, columns)
    }
  }
}
