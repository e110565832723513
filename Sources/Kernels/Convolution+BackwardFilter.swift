import KernelTemplates
import Tensors

extension Convolution {
  /// dW += Σ over pixels of (input under the tap) ⊗ (output gradient), one tile of dW at a time.
  ///
  /// An item owns a part of dW (some taps, some output channels) and walks over the pixels of all images, so
  /// there are no partial sums to add up and the order is fixed. Pixels come in *units*, the output rows of an
  /// image whose operands stay in the second-level cache; rounds of units keep items short.
  static func backwardFilterByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let plan = FilterGradientPlan(shape, kernels: context.kernels.matrix)
    var firstUnit = 0
    while firstUnit < plan.units {
      let units = firstUnit..<min(plan.units, firstUnit + plan.unitsPerRound)
      try context.forEach(plan.items, scratchBytes: plan.layout.bytes) { item, scratch in
        for unit in units {
          plan.addUnit(
            unit, item: item, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
            scratch: scratch)
        }
      }
      firstUnit = units.upperBound
    }
  }
}

/// How the work of a filter gradient is cut, and the work of one item on one unit.
struct FilterGradientPlan {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernels
  /// Few channels with a border are copied with the border, so that a run is a whole kernel row; else a run is one
  /// tap's channels, read in place, and pixels whose tap lies in the border are left out.
  private let copiesStrip: Bool
  private let strip: ConvolutionStrip
  /// Runs in a kernel row: 1, or its taps.
  private let runsPerKernelRow: Int
  private let runLength: Int
  /// Pieces of a run, and the pieces of all runs shared out among items.
  private let pieces: Partition
  private let pieceBlocks: Partition
  private let panelCount: Int
  private let panelBlocks: Partition
  private let strips: Partition
  private let copyPart: ScratchLayout.Part<Float>
  private let tailPart: ScratchLayout.Part<Float>
  private let spillPart: ScratchLayout.Part<Float>

  let layout: ScratchLayout
  let units: Int
  let unitsPerRound: Int
  var items: Int { shape.groups * panelBlocks.parts * pieceBlocks.parts }

  /// Below this number of channels a tap makes poor tiles.
  private static let fewChannels = 16
  /// Rows and columns of dW that an item owns, about.
  private static let ownedRows = 192
  private static let ownedColumns = 64

  init(_ shape: ConvolutionShape, kernels: MatrixKernels) {
    self.shape = shape
    self.kernels = kernels
    let channels = shape.groupInputs
    copiesStrip = shape.windowsLeaveImage && channels < Self.fewChannels
    let wholeRows = copiesStrip || (!shape.windowsLeaveImage && shape.groups == 1)
    strip = ConvolutionStrip(
      inputHeight: shape.inputHeight, inputWidth: shape.inputWidth, inputChannels: shape.inputChannels,
      channels: channels, width: (shape.outputWidth - 1) * shape.strideWidth + shape.kernelWidth,
      left: shape.padding.left)
    runsPerKernelRow = wholeRows ? 1 : shape.kernelWidth
    runLength = wholeRows ? shape.kernelWidth * channels : channels
    pieces = Partition(runLength, atMost: Self.ownedRows + Self.ownedRows / 2)
    let allPieces = shape.kernelHeight * runsPerKernelRow * pieces.parts
    pieceBlocks = Partition(allPieces, atMost: max(1, Self.ownedRows / pieces.largest))
    panelCount = kernels.panelCount(shape.groupOutputs)
    panelBlocks = Partition(panelCount, atMost: max(1, Self.ownedColumns / kernels.columns))

    let columns = panelBlocks.largest * kernels.columns
    let rowFloats = shape.outputWidth * columns + shape.strideHeight * strip.width * channels
    strips = Partition(shape.outputHeight, atMost: max(1, BlockSize.strip / 4 / rowFloats))
    units = shape.batch * strips.parts
    let work = strips.largest * shape.outputWidth * columns * pieces.largest * pieceBlocks.largest
    unitsPerRound = max(1, BlockSize.itemWork / work)

    var layout = ScratchLayout()
    let stripRows = (strips.largest - 1) * shape.strideHeight + shape.kernelHeight
    copyPart = layout.reserve(copiesStrip ? stripRows * strip.width * channels : 0, of: Float.self)
    tailPart = layout.reserve(strips.largest * shape.outputWidth * kernels.columns, of: Float.self)
    spillPart = layout.reserve(kernels.rows * kernels.columns, of: Float.self)
    self.layout = layout
  }

  func addUnit(
    _ unit: Int, item: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (image, outputRows) = (unit / strips.parts, strips.range(unit % strips.parts))
    let group = item % shape.groups
    let panels = panelBlocks.range(item / shape.groups % panelBlocks.parts)
    let ownedPieces = pieceBlocks.range(item / (shape.groups &* panelBlocks.parts))
    let imageInput = input + (image &* shape.inputHeight &* shape.inputWidth &* shape.inputChannels)
    let firstPixel = (image &* shape.outputHeight &+ outputRows.lowerBound) &* shape.outputWidth

    var source = imageInput + (group &* shape.groupInputs)
    let copy = copyPart.pointer(in: scratch)
    if copiesStrip {
      strip.copy(
        image: imageInput, firstChannel: group &* shape.groupInputs,
        firstRow: outputRows.lowerBound &* shape.strideHeight &- shape.padding.top,
        rows: (outputRows.count &- 1) &* shape.strideHeight &+ shape.kernelHeight, to: copy)
      source = UnsafePointer(copy)
    }
    for panel in panels {
      let column = panel &* kernels.columns
      let valid = min(kernels.columns, shape.groupOutputs &- column)
      let channel = group &* shape.groupOutputs &+ column
      var right = outputGradient + (firstPixel &* shape.outputChannels &+ channel)
      var rightStride = shape.outputChannels
      if valid < kernels.columns {
        let tail = tailPart.pointer(in: scratch)
        packPanel(
          right, stride: rightStride, count: outputRows.count &* shape.outputWidth, columns: valid, into: tail,
          width: kernels.columns)
        right = UnsafePointer(tail)
        rightStride = kernels.columns
      }
      for piece in ownedPieces {
        addPiece(
          piece, source: source, outputRows: outputRows, right: right, rightStride: rightStride,
          gradient: weightGradient + channel, valid: valid, spill: spillPart.pointer(in: scratch))
      }
    }
  }

  /// Adds the pixels of a unit to one piece of a run.
  private func addPiece(
    _ piece: Int, source: UnsafePointer<Float>, outputRows: Range<Int>, right: UnsafePointer<Float>,
    rightStride: Int, gradient: UnsafeMutablePointer<Float>, valid: Int, spill: UnsafeMutablePointer<Float>
  ) {
    let run = piece / pieces.parts
    let rows = pieces.range(piece % pieces.parts)
    let (p, q) = (run / runsPerKernelRow, run % runsPerKernelRow)
    var (ys, xs) = (outputRows, 0..<shape.outputWidth)
    var (y, x) = (p, q)
    if !copiesStrip {
      ys = inside(p, shape.padding.top, shape.strideHeight, shape.inputHeight, within: ys)
      xs = inside(q, shape.padding.left, shape.strideWidth, shape.inputWidth, within: xs)
      guard !ys.isEmpty, !xs.isEmpty else { return }
      y = ys.lowerBound &* shape.strideHeight &+ p &- shape.padding.top
      x = xs.lowerBound &* shape.strideWidth &+ q &- shape.padding.left
    }
    let (width, channels) =
      copiesStrip ? (strip.width, strip.channels) : (shape.inputWidth, shape.inputChannels)
    let firstLeft = source + ((y &* width &+ x) &* channels)
    let firstRight =
      right + (((ys.lowerBound &- outputRows.lowerBound) &* shape.outputWidth &+ xs.lowerBound) &* rightStride)
    let tiles = Partition(rows.count, atMost: kernels.rows)
    for tile in 0..<tiles.parts {
      let range = tiles.range(tile)
      let k = rows.lowerBound &+ range.lowerBound
      kernels.outerTile(
        range.count,
        OuterTile(
          pixelRows: ys.count, pixelColumns: xs.count,
          left: firstLeft + k, leftRowStride: shape.strideHeight &* width &* channels,
          leftStride: shape.strideWidth &* channels,
          right: firstRight, rightRowStride: shape.outputWidth &* rightStride, rightStride: rightStride,
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
