import CShims
import KernelTemplates
import Tensors

/// The filter gradient in bfloat16. A unit is some output rows of some images.
///
/// The left matrix of a tile is the input transposed (``TransposedStrip``), one row per channel of a tap; the panel is
/// the output gradient, with zeros in the columns where the strip's rows are longer than the output's.
struct FilterGradientPlanBFloat16: FilterGradientWork {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernelsBFloat16
  private let transpose: PointwiseKernels.TransposeBFloat16
  private let strip: TransposedStrip
  private let channelBlocks: Partition
  private let panelBlocks: Partition
  private let imageBlocks: Partition
  private let rowBlocks: Partition
  /// Rows of the output that one call of the tile kernel sums over, in each of a unit's images.
  private let rowsPerCall: Int
  private let stripPart: ScratchLayout.Part<BFloat16>
  private let gradientPart: ScratchLayout.Part<BFloat16>
  private let panelPart: ScratchLayout.Part<BFloat16>
  private let runPart: ScratchLayout.Part<Int>
  private let spillPart: ScratchLayout.Part<Float>

  let layout: ScratchLayout
  let parts: Int
  let shares: Partition
  let unitsPerRound: Int

  /// The most columns of dW in a part.
  private static let partColumns = 128
  /// Approximate floats of dW in a part: they stay in the L2 cache beside the strip and the panels.
  private static let partCount = 72 << 10
  /// Approximate pixels per call: their panel stays in the L1 cache, and the sums are rarely loaded and stored.
  private static let callPixels = 400
  /// Approximate elements of a strip.
  private static let stripCount = 128 << 10

  init(
    _ shape: ConvolutionShape, kernels: MatrixKernelsBFloat16, transpose: @escaping PointwiseKernels.TransposeBFloat16
  ) {
    self.shape = shape
    self.kernels = kernels
    self.transpose = transpose
    let taps = shape.kernelHeight * shape.kernelWidth
    panelBlocks = Partition(
      kernels.panelCount(shape.groupOutputs), atMost: Self.partColumns / kernels.columns)
    let columns = panelBlocks.largest * kernels.columns
    channelBlocks = Partition(shape.groupInputs, atMost: max(kernels.rows, Self.partCount / (taps * columns)))
    parts = shape.groups * panelBlocks.parts * channelBlocks.parts

    let channels = channelBlocks.largest
    let row = TransposedStrip(shape, channels: channels, images: 1, outputRows: 1)
    let planes = row.rowPhases * row.columnPhases * channels
    rowBlocks = Partition(
      shape.outputHeight, atMost: max(1, Self.stripCount / (planes * row.columns) - (row.rows - 1)))
    rowsPerCall = max(1, Self.callPixels / row.columns)
    imageBlocks = Partition(
      shape.batch, atMost: rowBlocks.parts == 1 ? max(1, Self.callPixels / (shape.outputHeight * row.columns)) : 1)
    strip = TransposedStrip(
      shape, channels: channels, images: imageBlocks.largest, outputRows: rowBlocks.largest)

    let units = imageBlocks.parts * rowBlocks.parts
    shares = Partition(units, parts: (BlockSize.items + parts - 1) / parts)
    let pixels = imageBlocks.largest * rowBlocks.largest * shape.outputWidth
    let work = pixels.saturatingTimes(columns * channels * taps)
    let unitBytes =
      imageBlocks.largest * rowBlocks.largest * 2
      * (shape.strideHeight * shape.inputWidth * shape.inputChannels + shape.outputWidth * shape.outputChannels)
    unitsPerRound = max(1, min(2 * BlockSize.itemWork / work, Self.roundBytes / (unitBytes * shares.parts)))

    var layout = ScratchLayout()
    let runLength = kernels.runLength(min(rowsPerCall, rowBlocks.largest) * strip.columns)
    let panelRows = imageBlocks.largest * runLength
    stripPart = layout.reserve(strip.elementCount(innerMultiple: kernels.innerMultiple), of: BFloat16.self)
    gradientPart = layout.reserve(panelRows * columns, of: BFloat16.self)
    panelPart = layout.reserve(panelRows * columns, of: BFloat16.self)
    runPart = layout.reserve(imageBlocks.largest, of: Int.self)
    spillPart = layout.reserve(strip.columnPhases * channels * kernels.columns, of: Float.self)
    self.layout = layout
  }

  func addUnit(
    _ unit: Int, part: Int, input: UnsafePointer<BFloat16>, outputGradient: UnsafePointer<BFloat16>,
    weightGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let images = imageBlocks.range(unit / rowBlocks.parts)
    let rows = rowBlocks.range(unit % rowBlocks.parts)
    let group = part % shape.groups
    let panels = panelBlocks.range(part / shape.groups % panelBlocks.parts)
    let channels = channelBlocks.range(part / (shape.groups &* panelBlocks.parts))

    let firstInput = group &* shape.groupInputs &+ channels.lowerBound
    let firstOutput = group &* shape.groupOutputs &+ panels.lowerBound &* kernels.columns
    let columns = min(
      panels.count &* kernels.columns, shape.groupOutputs &- panels.lowerBound &* kernels.columns)

    let left = stripPart.pointer(in: scratch)
    strip.copy(
      input: input
        + (images.lowerBound &* shape.inputHeight &* shape.inputWidth &* shape.inputChannels &+ firstInput),
      images: images.count, firstRow: rows.lowerBound, channels: channels.count,
      innerMultiple: kernels.innerMultiple, transpose: transpose, to: left)

    let (runs, panel) = (runPart.pointer(in: scratch), panelPart.pointer(in: scratch))
    let calls = Partition(rows.count, atMost: rowsPerCall)
    for call in 0..<calls.parts {
      let callRows = calls.range(call)
      for image in 0..<images.count { runs[image] = (image &* strip.rows &+ callRows.lowerBound) &* strip.columns }
      let runLength = kernels.runLength(callRows.count &* strip.columns)
      let panelStride = images.count &* runLength &* kernels.columns
      let firstRow = images.lowerBound &* shape.outputHeight &+ rows.lowerBound &+ callRows.lowerBound
      packGradient(
        outputGradient + (firstRow &* shape.outputWidth &* shape.outputChannels &+ firstOutput), images: images.count,
        rows: callRows.count, runLength: runLength, columns: columns, copy: gradientPart.pointer(in: scratch),
        into: panel)
      for index in 0..<panels.count {
        let column = index &* kernels.columns
        addTaps(
          LeftRows(
            first: left, channels: channels.count, runOffsets: runs, runCount: images.count, runLength: runLength),
          panel: panel + (index &* panelStride),
          gradient: weightGradient + (channels.lowerBound &* shape.outputChannels &+ firstOutput &+ column),
          valid: min(kernels.columns, columns &- column), spill: spillPart.pointer(in: scratch))
      }
    }
  }

  /// Packs rows of some images' output gradient to match the strip, with zeros after each row.
  private func packGradient(
    _ source: UnsafePointer<BFloat16>, images: Int, rows: Int, runLength: Int, columns: Int,
    copy: UnsafeMutablePointer<BFloat16>, into panels: UnsafeMutablePointer<BFloat16>
  ) {
    memset(copy, 0, images &* runLength &* columns &* 2)
    for image in 0..<images {
      for row in 0..<rows {
        let pixels = source + (image &* shape.outputHeight &+ row) &* shape.outputWidth &* shape.outputChannels
        let target = copy + (image &* runLength &+ row &* strip.columns) &* columns
        for x in 0..<shape.outputWidth {
          memcpy(target + (x &* columns), pixels + (x &* shape.outputChannels), columns &* 2)
        }
      }
    }
    kernels.packRows(
      images &* runLength, columns, copy, columns, panels, images &* runLength &* kernels.columns)
  }

  /// What a call reads of the strip.
  private struct LeftRows {
    let first: UnsafePointer<BFloat16>
    let channels: Int
    let runOffsets: UnsafePointer<Int>
    let runCount: Int
    let runLength: Int
  }

  /// Adds the pixels of a call to one panel's columns of dW.
  /// - Parameter gradient: the call's first channel, in the first tap.
  private func addTaps(
    _ left: LeftRows, panel: UnsafePointer<BFloat16>, gradient: UnsafeMutablePointer<Float>, valid: Int,
    spill: UnsafeMutablePointer<Float>
  ) {
    // Kernel columns whose planes and rows of dW are consecutive.
    let step = left.channels == shape.groupInputs ? strip.columnPhases : 1
    for p in 0..<shape.kernelHeight {
      var q = 0
      while q < shape.kernelWidth {
        let row = (p &* shape.kernelWidth &+ q) &* shape.groupInputs
        kernels.multiply(
          rowCount: min(step, shape.kernelWidth &- q) &* left.channels, left: left.first + strip.offset(p: p, q: q),
          leftStride: strip.planeStride, runOffsets: left.runOffsets, runCount: left.runCount,
          runLength: left.runLength, panel: panel, valid: valid, spill: spill, start: nil,
          output: gradient + (row &* shape.outputChannels), outputStride: shape.outputChannels)
        q = q &+ step
      }
    }
  }
}
