import Tensors

// Convolution with a BLAS, also without im2col: for one kernel row, the parts of the windows of all pixels in an output
// row form a matrix that already lies in the image, with stride · channels floats from one row to the next.
// Neighbouring windows overlap, and a BLAS refuses overlapping rows; so one product takes every second pixel, or
// third…, and there are as many products. With stride 1 the matrix continues from one output row to the next across the
// few positions at the end of each image row where a window would wrap around; these are computed and discarded.

extension Convolution {
  static func forwardByBLAS(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let rows = BLASRows(shape)
    var layout = ScratchLayout()
    let copyPart = layout.reserve(rows.copyFloats, of: Float.self)
    let gridPart = layout.reserve(rows.gridRows * shape.groupOutputs, of: Float.self)

    try context.forEach(rows.items, scratchBytes: layout.bytes, threads: 1) { item, scratch in
      let (copy, grid) = (copyPart.pointer(in: scratch), gridPart.pointer(in: scratch))
      let work = rows.item(item)
      let (group, columns, outputs) = (work.group, shape.groupOutputs, shape.outputChannels)
      rows.copy(work, input: input, to: copy)
      BLAS.start(grid, rows: rows.gridRows, columns: columns, stride: columns, bias: bias.map { $0 + group * columns })
      for p in 0..<shape.kernelHeight {
        rows.forEachPiece(work, kernelRow: p) { left, row, count in
          BLAS.multiply(
            rows: count, columns: columns, inner: rows.runLength, left: copy + left, leftStride: rows.leftStride,
            right: weights + (p &* rows.runLength &* outputs &+ group &* columns), rightStride: outputs,
            accumulate: true, output: grid + (row &* columns), outputStride: rows.interleave &* columns)
        }
      }
      if relu { BLAS.rectify(grid, rows: rows.gridRows, columns: columns, stride: columns) }
      rows.forEachOutputPixel(work) { row, pixel in
        let target = output + (pixel &* outputs &+ group &* columns)
        target.update(from: grid + (row &* columns), count: columns)
      }
    }
  }

  static func backwardFilterByBLAS(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let rows = BLASRows(shape)
    var layout = ScratchLayout()
    let copyPart = layout.reserve(rows.copyFloats, of: Float.self)
    let gridPart = layout.reserve(rows.gridRows * shape.groupOutputs, of: Float.self)

    try context.forEach(rows.items, scratchBytes: layout.bytes, threads: 1) { item, scratch in
      let (copy, grid) = (copyPart.pointer(in: scratch), gridPart.pointer(in: scratch))
      let work = rows.item(item)
      let (group, columns, outputs) = (work.group, shape.groupOutputs, shape.outputChannels)
      rows.copy(work, input: input, to: copy)
      // The positions between output rows get zero gradient.
      grid.update(repeating: 0, count: rows.gridRows * columns)
      rows.forEachOutputPixel(work) { row, pixel in
        (grid + (row &* columns)).update(
          from: outputGradient + (pixel &* outputs &+ group &* columns), count: columns)
      }
      for p in 0..<shape.kernelHeight {
        rows.forEachPiece(work, kernelRow: p) { left, row, count in
          BLAS.multiply(
            rows: rows.runLength, columns: columns, inner: count,
            left: copy + left, leftStride: rows.leftStride, leftTransposed: true,
            right: grid + (row &* columns), rightStride: rows.interleave &* columns, accumulate: true,
            output: weightGradient + (p &* rows.runLength &* outputs &+ group &* columns), outputStride: outputs)
        }
      }
    }
  }
}

/// How the pixels of a convolution are divided for a BLAS: an item is a strip of output rows of one image and group.
private struct BLASRows {
  private let shape: ConvolutionShape
  private let strip: ConvolutionStrip
  private let strips: Partition
  /// Whether one matrix covers all output rows of the strip.
  private let joinsRows: Bool
  /// Grid rows from one output row to the next.
  private let gridWidth: Int
  /// Floats of a window in one kernel row.
  let runLength: Int
  /// A product takes every `interleave`-th pixel.
  let interleave: Int
  /// Floats from one window of the product to the next.
  let leftStride: Int

  struct Item {
    let image: Int
    let group: Int
    let outputRows: Range<Int>
  }

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    let channels = shape.groupInputs
    strip = ConvolutionStrip(
      inputHeight: shape.inputHeight, inputWidth: shape.inputWidth, inputChannels: shape.inputChannels,
      channels: channels, width: (shape.outputWidth - 1) * shape.strideWidth + shape.kernelWidth,
      left: shape.padding.left)
    let rowFloats = strip.width * channels * shape.strideHeight
    strips = Partition(shape.outputHeight, atMost: max(1, BlockSize.strip / rowFloats))
    joinsRows = shape.strideHeight == 1 && shape.strideWidth == 1
    gridWidth = joinsRows ? strip.width : shape.outputWidth
    runLength = shape.kernelWidth * channels
    interleave = (shape.kernelWidth + shape.strideWidth - 1) / shape.strideWidth
    leftStride = interleave * shape.strideWidth * channels
  }

  var items: Int { shape.batch * strips.parts * shape.groups }
  var gridRows: Int { strips.largest * gridWidth }
  var copyFloats: Int {
    ((strips.largest - 1) * shape.strideHeight + shape.kernelHeight) * strip.width * strip.channels
  }

  func item(_ item: Int) -> Item {
    let image = item / (shape.groups &* strips.parts)
    return Item(
      image: image, group: item % shape.groups, outputRows: strips.range(item / shape.groups % strips.parts))
  }

  func copy(_ item: Item, input: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
    strip.copy(
      image: input + (item.image &* shape.inputHeight &* shape.inputWidth &* shape.inputChannels),
      firstChannel: item.group &* shape.groupInputs,
      firstRow: item.outputRows.lowerBound &* shape.strideHeight &- shape.padding.top,
      rows: (item.outputRows.count &- 1) &* shape.strideHeight &+ shape.kernelHeight, to: target)
  }

  /// The matrices under one kernel row: where they begin in the copy, their first grid row and their row count.
  func forEachPiece(_ item: Item, kernelRow p: Int, _ body: (_ left: Int, _ row: Int, _ count: Int) -> Void) {
    let (rowFloats, rows) = (strip.width &* strip.channels, item.outputRows.count)
    let count = joinsRows ? (rows &- 1) &* gridWidth &+ shape.outputWidth : shape.outputWidth
    for y in 0..<(joinsRows ? 1 : rows) {
      for phase in 0..<min(interleave, count) {
        body(
          (y &* shape.strideHeight &+ p) &* rowFloats &+ phase &* shape.strideWidth &* strip.channels,
          y &* gridWidth &+ phase, (count &- phase &+ interleave &- 1) / interleave)
      }
    }
  }

  /// Each output pixel's row in the grid and its index in the batch.
  func forEachOutputPixel(_ item: Item, _ body: (_ row: Int, _ pixel: Int) -> Void) {
    for y in 0..<item.outputRows.count {
      let first = (item.image &* shape.outputHeight &+ item.outputRows.lowerBound &+ y) &* shape.outputWidth
      for x in 0..<shape.outputWidth { body(y &* gridWidth &+ x, first &+ x) }
    }
  }
}
