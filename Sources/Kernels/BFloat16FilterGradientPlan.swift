import CShims
import KernelTemplates
import Tensors

/// How the work of a filter gradient of bfloat16 is cut, and the work of one item on one unit.
///
/// The words are those of ``FilterGradientPlan``: a *part* of dW belongs to one item while the *units*, pixels of
/// some images, go by. The left matrix of a tile is the input transposed (``TransposedStrip``), a row a channel of a
/// tap; the panel is the output gradient, with zeros in the columns where the strip's rows are longer than the
/// output's.
struct BFloat16FilterGradientPlan {
  private let shape: ConvolutionShape
  private let kernels: BFloat16Kernels
  private let transpose: PointwiseKernels.BFloat16Transpose
  private let strip: TransposedStrip
  private let channelBlocks: Partition
  private let panelBlocks: Partition
  private let imageBlocks: Partition
  private let rowBlocks: Partition
  /// Rows of the output that one call of the tile kernel sums over, in each of a unit's images.
  private let rowsPerCall: Int
  private let unitsPerRound: Int
  private let stripPart: ScratchLayout.Part<BFloat16>
  private let gradientPart: ScratchLayout.Part<BFloat16>
  private let panelPart: ScratchLayout.Part<BFloat16>
  private let runPart: ScratchLayout.Part<Int>
  private let leftPart: ScratchLayout.Part<UnsafePointer<BFloat16>>
  private let spillPart: ScratchLayout.Part<Float>

  let layout: ScratchLayout
  /// Parts of dW.
  let parts: Int
  /// The units, cut into a share for each copy of dW.
  let shares: Partition
  let rounds: Int

  /// Columns of dW in a part, at most.
  private static let partColumns = 128
  /// Floats of dW in a part, about: they stay in the second-level cache beside the strip and the panels.
  private static let partCount = 72 << 10
  /// Pixels of one call, about: their panel stays in the first-level cache, and the sums are loaded and stored
  /// seldom.
  private static let callPixels = 400
  /// Elements of a strip, about.
  private static let stripCount = 128 << 10
  /// Bytes of input and output gradient that go by in a round: all parts find them in the third-level cache.
  private static let roundBytes = 2 << 20

  init(_ shape: ConvolutionShape, kernels: BFloat16Kernels, transpose: @escaping PointwiseKernels.BFloat16Transpose) {
    self.shape = shape
    self.kernels = kernels
    self.transpose = transpose
    let taps = shape.kernelHeight * shape.kernelWidth
    let panelCount = (shape.groupOutputs + kernels.columns - 1) / kernels.columns
    panelBlocks = Partition(panelCount, atMost: Self.partColumns / kernels.columns)
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
    let work = pixels * columns * channels * taps
    let unitBytes =
      imageBlocks.largest * rowBlocks.largest * 2
      * (shape.strideHeight * shape.inputWidth * shape.inputChannels + shape.outputWidth * shape.outputChannels)
    unitsPerRound = max(1, min(2 * BlockSize.itemWork / work, Self.roundBytes / (unitBytes * shares.parts)))
    rounds = (shares.largest + unitsPerRound - 1) / unitsPerRound

    var layout = ScratchLayout()
    let runLength = Self.runLength(
      rows: min(rowsPerCall, rowBlocks.largest), columns: strip.columns, multiple: kernels.innerMultiple)
    let panelRows = imageBlocks.largest * runLength
    stripPart = layout.reserve(strip.elementCount(innerMultiple: kernels.innerMultiple), of: BFloat16.self)
    gradientPart = layout.reserve(panelRows * columns, of: BFloat16.self)
    panelPart = layout.reserve(panelRows * columns, of: BFloat16.self)
    runPart = layout.reserve(imageBlocks.largest, of: Int.self)
    leftPart = layout.reserve(kernels.blocks, of: UnsafePointer<BFloat16>.self)
    spillPart = layout.reserve(kernels.blocks * kernels.rows * kernels.columns, of: Float.self)
    self.layout = layout
  }

  private static func runLength(rows: Int, columns: Int, multiple: Int) -> Int {
    (rows &* columns &+ multiple &- 1) / multiple &* multiple
  }

  /// The units of one share that are done in one round.
  func units(share: Int, round: Int) -> Range<Int> {
    let all = shares.range(share)
    let first = min(all.upperBound, all.lowerBound &+ round &* unitsPerRound)
    return Range(uncheckedBounds: (first, min(all.upperBound, first &+ unitsPerRound)))
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
      let runLength = Self.runLength(
        rows: callRows.count, columns: strip.columns, multiple: kernels.innerMultiple)
      let panelStride = images.count &* runLength &* kernels.columns
      let firstRow = images.lowerBound &* shape.outputHeight &+ rows.lowerBound &+ callRows.lowerBound
      packGradient(
        outputGradient + (firstRow &* shape.outputWidth &* shape.outputChannels &+ firstOutput), images: images.count,
        rows: callRows.count, runLength: runLength, columns: columns, copy: gradientPart.pointer(in: scratch),
        into: panel)
      for index in 0..<panels.count {
        let column = index &* kernels.columns
        addTaps(
          BFloat16Tile(
            rows: 0, blockCount: 0, left: leftPart.pointer(in: scratch), leftStride: strip.planeStride,
            runOffsets: runs, runCount: images.count, runLength: runLength, panel: panel + (index &* panelStride),
            start: nil,
            output: weightGradient + (channels.lowerBound &* shape.outputChannels &+ firstOutput &+ column),
            outputStride: shape.outputChannels),
          left: left, channels: channels.count, valid: min(kernels.columns, columns &- column), scratch: scratch)
      }
    }
  }

  /// Packs rows of some images' output gradient as they meet the strip, with zeros behind each row.
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

  /// Adds the pixels of a call to one panel's columns of dW.
  /// - Parameter tile: everything but its rows; its output is the first channel of the first tap.
  private func addTaps(
    _ tile: BFloat16Tile, left: UnsafePointer<BFloat16>, channels: Int, valid: Int, scratch: UnsafeMutableRawPointer
  ) {
    // The columns of the kernel whose planes, and whose rows of dW, lie one after another.
    let step = channels == shape.groupInputs ? strip.columnPhases : 1
    for p in 0..<shape.kernelHeight {
      var q = 0
      while q < shape.kernelWidth {
        let rows = min(step, shape.kernelWidth &- q) &* channels
        let gradient = (p &* shape.kernelWidth &+ q) &* shape.groupInputs
        addRows(
          rows, tile, left: left + strip.offset(p: p, q: q), gradient: tile.output + (gradient &* tile.outputStride),
          valid: valid, spill: spillPart.pointer(in: scratch))
        q = q &+ step
      }
    }
  }

  private func addRows(
    _ count: Int, _ tile: BFloat16Tile, left: UnsafePointer<BFloat16>, gradient: UnsafeMutablePointer<Float>,
    valid: Int, spill: UnsafeMutablePointer<Float>
  ) {
    let pointers = UnsafeMutablePointer(mutating: tile.left)
    let blocks = Partition(count, atMost: kernels.rows)
    var block = 0
    while block < blocks.parts {
      var tile = tile
      let rows = blocks.range(block)
      tile.rows = rows.count
      tile.blockCount = 0
      repeat {
        pointers[tile.blockCount] = left + blocks.range(block).lowerBound &* tile.leftStride
        tile.blockCount = tile.blockCount &+ 1
        block = block &+ 1
      } while tile.blockCount < kernels.blocks && block < blocks.parts && blocks.range(block).count == rows.count
      tile.output = gradient + (rows.lowerBound &* tile.outputStride)
      kernels.addTile(tile, valid: valid, spill: spill)
    }
  }
}

extension BFloat16Kernels {
  /// ``tile`` that adds to C, on a panel of which `valid` columns belong to C: where they are not all, by way of
  /// `spill`, which holds all blocks.
  func addTile(_ tile: BFloat16Tile, valid: Int, spill: UnsafeMutablePointer<Float>) {
    guard valid < columns else { return self.tile(tile) }
    var whole = tile
    whole.output = spill
    whole.outputStride = columns
    let rows = tile.blockCount &* tile.rows
    copyRows(tile.output, stride: tile.outputStride, rows: rows, columns: valid, into: spill, targetStride: columns)
    self.tile(whole)
    copyRows(spill, stride: columns, rows: rows, columns: valid, into: tile.output, targetStride: tile.outputStride)
  }
}
