import KernelTemplates

/// A correlation of images with packed weights, computed tile by tile: the forward pass and, with other parameters, the
/// input gradient of a stride-1 convolution.
///
/// The left matrix has a row for every output pixel, the pixel's window, and is never built: a kernel row of a window
/// is one run of kernelWidth · channels contiguous floats, at the same distance for all pixels. If windows leave the
/// image, or a group reads only some of the channels, a strip of rows is copied first (``ConvolutionStrip``); otherwise
/// the image is read in place.
struct ConvolutionTiles {
  let batch: Int
  let groups: Int
  let inputHeight: Int
  let inputWidth: Int
  let inputChannels: Int
  let outputHeight: Int
  let outputWidth: Int
  let outputChannels: Int
  let kernelHeight: Int
  let kernelWidth: Int
  let strideHeight: Int
  let strideWidth: Int
  /// Rows and columns of zeros before the image; negative: rows and columns of the image omitted.
  let top: Int
  let left: Int
  /// What stands for zero in the border of images of bytes. Where it is not 0, products with the border count.
  var border: UInt8 = 0

  var groupInputs: Int { inputChannels / groups }
  var groupOutputs: Int { outputChannels / groups }
  /// Elements of the window in one kernel row.
  var runLength: Int { kernelWidth * groupInputs }
  /// Rows of the packed weights.
  var innerExtent: Int { kernelHeight * runLength }

  var readsInPlace: Bool {
    groups == 1 && top == 0 && left == 0
      && (outputHeight - 1) * strideHeight + kernelHeight <= inputHeight
      && (outputWidth - 1) * strideWidth + kernelWidth <= inputWidth
  }

  /// - Parameters:
  ///   - panels: the weights, packed as [group][panel][innerExtent][panel columns].
  ///   - start: the initial values of the sums, [group][panel][panel columns].
  ///   - shape: the choice of ``tileShape(_:)`` when the weights were packed.
  func run(
    input: UnsafePointer<Float>, panels: UnsafePointer<Float>, start: UnsafePointer<Float>, shape: TileShape,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernels = context.kernels.matrix
    let inPlace = readsInPlace
    let strip = ConvolutionStrip(
      inputHeight: inputHeight, inputWidth: inputWidth, inputChannels: inputChannels, channels: groupInputs,
      width: stripWidth, left: left)
    let rowFloats = stripWidth * groupInputs
    let strips = strips
    let stripRows = (strips.largest - 1) * strideHeight + kernelHeight
    let width = shape.columns
    let panelCount = shape.panelCount(groupOutputs)
    let blocks = panelBlocks(panelCount, items: batch * strips.parts * groups, rows: strips.largest, elementBytes: 4)
    let panelFloats = innerExtent * width
    let runBlocks = Partition(kernelHeight, atMost: max(1, BlockSize.panel / (runLength * width * 4)))
    let tiles = pixelTiles(shape)

    var layout = ScratchLayout()
    let copyPart = layout.reserve(inPlace ? 0 : stripRows * rowFloats, of: Float.self)
    let pixelPart = layout.reserve(strips.largest * outputWidth, of: UnsafePointer<Float>.self)
    let runPart = layout.reserve(kernelHeight, of: Int.self)
    let verticalPart = layout.reserve(shape.rows, of: UnsafePointer<Float>.self)
    let spillPart = layout.reserve(shape.rows * width, of: Float.self)

    try context.forEach(batch * strips.parts * groups * blocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let panelRange = blocks.range(item % blocks.parts)
      let group = item / blocks.parts % groups
      let outputRows = strips.range(item / (blocks.parts &* groups) % strips.parts)
      let image = item / (blocks.parts &* groups &* strips.parts)
      let imageInput = input + (image &* inputHeight &* inputWidth &* inputChannels)
      let firstRow = outputRows.lowerBound &* strideHeight &- top

      let pixels = pixelPart.pointer(in: scratch)
      let runs = runPart.pointer(in: scratch)
      let vertical = verticalPart.pointer(in: scratch)
      let spill = spillPart.pointer(in: scratch)
      var base = imageInput + (firstRow &* rowFloats)
      if !inPlace {
        let copy = copyPart.pointer(in: scratch)
        strip.copy(
          image: imageInput, firstChannel: group &* groupInputs, firstRow: firstRow,
          rows: (outputRows.count &- 1) &* strideHeight &+ kernelHeight, to: copy)
        base = UnsafePointer(copy)
      }
      let (rowStep, pixelStep) = (strideHeight &* rowFloats, strideWidth &* groupInputs)
      for y in 0..<outputRows.count {
        for x in 0..<outputWidth { pixels[y &* outputWidth &+ x] = base + (y &* rowStep &+ x &* pixelStep) }
      }
      for run in 0..<kernelHeight { runs[run] = run &* rowFloats }

      let firstPixel = image &* outputHeight &* outputWidth
      for runBlock in 0..<runBlocks.parts {
        let block = runBlocks.range(runBlock)
        forEachTile(tiles, of: outputRows, panels: panelRange, panelBytes: panelFloats &* 4) { tile, panel in
          let runRange = block.clamped(to: tile.kernelRows)
          if runRange.isEmpty { return }
          let index = group &* panelCount &+ panel
          let column = group &* groupOutputs &+ panel &* width
          let isFirst = runRange.lowerBound == tile.kernelRows.lowerBound
          let isLast = runRange.upperBound == tile.kernelRows.upperBound
          let firstTap = tile.kernelColumns.lowerBound &* groupInputs
          let length = tile.kernelColumns.count &* groupInputs
          let pixel = tile.row &* outputWidth &+ tile.column
          var left = pixels + (pixel &- outputRows.lowerBound &* outputWidth)
          if tile.isVertical {
            for i in 0..<tile.count { vertical[i] = left[i &* outputWidth] + firstTap }
            left = vertical
          }
          kernels.rowTile(
            tile.count,
            RowTile(
              left: left, runOffsets: runs + runRange.lowerBound, runCount: runRange.count, runLength: length,
              panel: panels
                + (index &* panelFloats &+ (runRange.lowerBound &* runLength &+ firstTap) &* width),
              panelWidth: width, panelGap: (runLength &- length) &* width,
              start: isFirst ? start + (index &* width) : nil, relu: relu && isLast,
              output: output + ((firstPixel &+ pixel) &* outputChannels &+ column),
              outputStride: tile.isVertical ? outputWidth &* outputChannels : outputChannels),
            valid: min(width, groupOutputs &- panel &* width), spill: spill)
        }
      }
    }
  }

  /// Calls `body` with each tile and panel: panel by panel, so that each stays in the L1 cache; if all panels fit
  /// there, tile by tile, so that the output is written sequentially.
  @inline(__always)
  func forEachTile(
    _ tiles: PixelTiles, of outputRows: Range<Int>, panels: Range<Int>, panelBytes: Int,
    _ body: (_ tile: PixelTile, _ panel: Int) -> Void
  ) {
    if panels.count &* panelBytes <= BlockSize.smallPanels {
      tiles.forEach(outputRows) { tile in
        for panel in panels { body(tile, panel) }
      }
    } else {
      for panel in panels {
        tiles.forEach(outputRows) { tile in body(tile, panel) }
      }
    }
  }

  /// Image columns in a strip.
  private var stripWidth: Int { readsInPlace ? inputWidth : (outputWidth - 1) * strideWidth + kernelWidth }

  /// Output rows computed at once.
  var strips: Partition {
    Partition(outputHeight, atMost: outputRowsPerStrip(rowBytes: stripWidth * groupInputs * 4))
  }

  func pixelTiles(_ shape: TileShape) -> PixelTiles {
    PixelTiles(self, tileRows: shape.rows, separatesSides: shape.separatesSides, anyPixels: true)
  }

  func outputRowsPerStrip(rowBytes: Int) -> Int {
    max(1, (BlockSize.strip / rowBytes - kernelHeight) / strideHeight + 1)
  }

  /// Divides panels among items where images and strips alone give too few items or too long ones: each copies its
  /// strip. Of narrower elements an instruction multiplies as many more.
  func panelBlocks(_ panels: Int, items: Int, rows: Int, elementBytes: Int) -> Partition {
    let work = (innerExtent * groupOutputs).saturatingTimes(rows * outputWidth)
    let itemWork = BlockSize.itemWork * 4 / elementBytes
    return Partition(panels, parts: max((BlockSize.items + items - 1) / items, work / itemWork))
  }
}

extension ConvolutionTiles {
  /// The forward pass of a convolution.
  init(forward shape: ConvolutionShape) {
    self.init(
      batch: shape.batch, groups: shape.groups, inputHeight: shape.inputHeight, inputWidth: shape.inputWidth,
      inputChannels: shape.inputChannels, outputHeight: shape.outputHeight, outputWidth: shape.outputWidth,
      outputChannels: shape.outputChannels, kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth,
      strideHeight: shape.strideHeight, strideWidth: shape.strideWidth,
      top: shape.padding.top, left: shape.padding.left)
  }

  /// The input gradient of a stride-1 convolution: the correlation of the output gradient, with kernelHeight - 1 - top
  /// rows of zeros above it, with the weights rotated by 180° and their channels swapped.
  init(inputGradient shape: ConvolutionShape) {
    self.init(
      batch: shape.batch, groups: shape.groups, inputHeight: shape.outputHeight, inputWidth: shape.outputWidth,
      inputChannels: shape.outputChannels, outputHeight: shape.inputHeight, outputWidth: shape.inputWidth,
      outputChannels: shape.inputChannels, kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth,
      strideHeight: 1, strideWidth: 1,
      top: shape.kernelHeight - 1 - shape.padding.top, left: shape.kernelWidth - 1 - shape.padding.left)
  }
}
