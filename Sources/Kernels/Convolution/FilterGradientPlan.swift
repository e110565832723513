import KernelTemplates

/// The filter gradient in float32. A unit is some output rows of an image.
struct FilterGradientPlan: FilterGradientWork {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernels
  /// Images with few channels are copied with their border, so that a run is a whole kernel row; otherwise a run is one
  /// tap's channels, and pixels whose tap lies in the border are skipped.
  private let copiesBorder: Bool
  private let strip: ConvolutionStrip
  private let runsPerKernelRow: Int
  private let runLength: Int
  /// Pieces of a run; the pieces of all runs are divided among the parts of dW.
  private let pieces: Partition
  private let pieceBlocks: Partition
  private let panelBlocks: Partition
  private let strips: Partition
  private let leftPart: ScratchLayout.Part<Float>
  private let rightPart: ScratchLayout.Part<Float>
  private let spillPart: ScratchLayout.Part<Float>

  let layout: ScratchLayout
  let parts: Int
  let shares: Partition
  let unitsPerRound: Int

  /// With fewer channels than this a tap makes poor tiles.
  private static let fewChannels = 16
  /// Approximate rows and columns of dW in a part: they stay in the L2 cache.
  private static let partRows = 192
  private static let partColumns = 256

  init(_ shape: ConvolutionShape, kernels: MatrixKernels) {
    self.shape = shape
    self.kernels = kernels
    let channels = shape.groupInputs
    copiesBorder = channels < Self.fewChannels
    strip = ConvolutionStrip(
      inputHeight: shape.inputHeight, inputWidth: shape.inputWidth, inputChannels: shape.inputChannels,
      channels: channels,
      width: copiesBorder ? (shape.outputWidth - 1) * shape.strideWidth + shape.kernelWidth : shape.inputWidth,
      left: copiesBorder ? shape.padding.left : 0)
    runsPerKernelRow = copiesBorder ? 1 : shape.kernelWidth
    runLength = copiesBorder ? shape.kernelWidth * channels : channels
    pieces = Partition(runLength, atMost: Self.partRows + Self.partRows / 2)
    pieceBlocks = Partition(
      shape.kernelHeight * runsPerKernelRow * pieces.parts, atMost: max(1, Self.partRows / pieces.largest))
    let panelCount = kernels.panelCount(shape.groupOutputs)
    panelBlocks = Partition(panelCount, atMost: max(1, Self.partColumns / kernels.columns))
    parts = shape.groups * panelBlocks.parts * pieceBlocks.parts

    let columns = panelBlocks.largest * kernels.columns
    let rowFloats = shape.outputWidth * columns + shape.strideHeight * strip.width * channels
    strips = Partition(shape.outputHeight, atMost: max(1, BlockSize.strip / 4 / rowFloats))
    let units = shape.batch * strips.parts
    shares = Partition(units, parts: (BlockSize.items + parts - 1) / parts)
    let work = strips.largest * shape.outputWidth * columns * pieces.largest * pieceBlocks.largest
    let unitBytes =
      strips.largest * 4
      * (shape.strideHeight * shape.inputWidth * shape.inputChannels + shape.outputWidth * shape.outputChannels)
    unitsPerRound = max(1, min(BlockSize.itemWork / work, Self.roundBytes / (unitBytes * shares.parts)))

    var layout = ScratchLayout()
    let stripRows = (strips.largest - 1) * shape.strideHeight + shape.kernelHeight
    leftPart = layout.reserve(stripRows * strip.width * channels, of: Float.self)
    rightPart = layout.reserve(strips.largest * shape.outputWidth * kernels.columns, of: Float.self)
    spillPart = layout.reserve(kernels.rows * kernels.columns, of: Float.self)
    self.layout = layout
  }

  func addUnit(
    _ unit: Int, part: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (image, outputRows) = (unit / strips.parts, strips.range(unit % strips.parts))
    let group = part % shape.groups
    let panels = panelBlocks.range(part / shape.groups % panelBlocks.parts)
    let ownedPieces = pieceBlocks.range(part / (shape.groups &* panelBlocks.parts))
    let firstPixel = (image &* shape.outputHeight &+ outputRows.lowerBound) &* shape.outputWidth

    var firstRow = outputRows.lowerBound &* shape.strideHeight &- shape.padding.top
    var endRow = firstRow &+ (outputRows.count &- 1) &* shape.strideHeight &+ shape.kernelHeight
    if !copiesBorder { (firstRow, endRow) = (max(0, firstRow), min(shape.inputHeight, endRow)) }
    let left = leftPart.pointer(in: scratch)
    strip.copy(
      image: input + (image &* shape.inputHeight &* shape.inputWidth &* shape.inputChannels),
      firstChannel: group &* shape.groupInputs, firstRow: firstRow, rows: max(0, endRow &- firstRow), to: left)

    let right = rightPart.pointer(in: scratch)
    for panel in panels {
      let column = panel &* kernels.columns
      let valid = min(kernels.columns, shape.groupOutputs &- column)
      let channel = group &* shape.groupOutputs &+ column
      kernels.packPanels(
        outputGradient + (firstPixel &* shape.outputChannels &+ channel), stride: shape.outputChannels,
        count: outputRows.count &* shape.outputWidth, valid: valid, into: right)
      for piece in ownedPieces {
        addPiece(
          piece, left: left, firstRow: firstRow, outputRows: outputRows, right: right,
          gradient: weightGradient + channel, valid: valid, spill: spillPart.pointer(in: scratch))
      }
    }
  }

  /// Adds the pixels of a unit to one piece of a run.
  /// - Parameters:
  ///   - left: the copied strip, whose first row is the image's row `firstRow`.
  ///   - right: the output gradient's panel.
  private func addPiece(
    _ piece: Int, left: UnsafePointer<Float>, firstRow: Int, outputRows: Range<Int>, right: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, valid: Int, spill: UnsafeMutablePointer<Float>
  ) {
    let run = piece / pieces.parts
    let rows = pieces.range(piece % pieces.parts)
    let (p, q) = (run / runsPerKernelRow, run % runsPerKernelRow)
    var (ys, xs) = (outputRows, 0..<shape.outputWidth)
    var x = 0
    if !copiesBorder {
      ys = inside(p, shape.padding.top, shape.strideHeight, shape.inputHeight, within: ys)
      xs = inside(q, shape.padding.left, shape.strideWidth, shape.inputWidth, within: xs)
      guard !ys.isEmpty, !xs.isEmpty else { return }
      x = xs.lowerBound &* shape.strideWidth &+ q &- shape.padding.left
    }
    let y = ys.lowerBound &* shape.strideHeight &+ p &- shape.padding.top &- firstRow
    let firstLeft = left + ((y &* strip.width &+ x) &* strip.channels)
    let firstPixel = (ys.lowerBound &- outputRows.lowerBound) &* shape.outputWidth &+ xs.lowerBound
    let tiles = Partition(rows.count, atMost: kernels.rows)
    for tile in 0..<tiles.parts {
      let range = tiles.range(tile)
      let k = rows.lowerBound &+ range.lowerBound
      kernels.outerTile(
        range.count,
        OuterTile(
          pixelRows: ys.count, pixelColumns: xs.count,
          left: firstLeft + k, leftRowStride: shape.strideHeight &* strip.width &* strip.channels,
          leftStride: shape.strideWidth &* strip.channels,
          right: right + (firstPixel &* kernels.columns), rightRowStride: shape.outputWidth &* kernels.columns,
          rightStride: kernels.columns, accumulates: true,
          output: gradient + ((run &* runLength &+ k) &* shape.outputChannels), outputStride: shape.outputChannels),
        valid: valid, spill: spill)
    }
  }

  /// The outputs o of `range` with 0 ≤ o · stride + tap - padding < extent.
  private func inside(_ tap: Int, _ padding: Int, _ stride: Int, _ extent: Int, within range: Range<Int>)
    -> Range<Int>
  {
    let first = max(range.lowerBound, (max(0, padding &- tap) &+ stride &- 1) / stride)
    let last = extent &- 1 &+ padding &- tap
    let end = last < 0 ? first : min(range.upperBound, last / stride &+ 1)
    return Range(uncheckedBounds: (first, max(first, end)))
  }
}
