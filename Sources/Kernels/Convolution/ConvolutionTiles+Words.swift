import CShims
import KernelTemplates
import Tensors

// The same correlation on images of bfloat16 or bytes. A block of the left matrix consists of neighbouring pixels of one
// output row or column, so its rows lie a constant distance apart.
//
// Where a run is padded, the kernel multiplies what follows the window by zeros: an infinity or NaN there makes the sum
// NaN.

/// The sums of some output pixels, before they become elements of the output.
struct FinishedTile<Sum, Output> {
  /// Pixels, and their columns that belong to the output.
  let rows: Int
  let columns: Int
  let sums: UnsafePointer<Sum>
  let sumStride: Int
  /// The first of the columns among all output channels.
  let firstColumn: Int
  let target: UnsafeMutablePointer<Output>
  let targetStride: Int
}

extension ConvolutionTiles {
  /// Elements of a packed panel.
  func panelElements(_ kernels: some WordTileKernels) -> Int {
    kernelHeight * kernels.runLength(runLength) * kernels.columns
  }

  /// - Parameters:
  ///   - panels: the weights, packed as [group][panel][kernelHeight · padded run / elements of a word][panel columns]
  ///     [elements of a word].
  ///   - start: the value with which the sums of an output channel begin.
  ///   - finish: writes the output from sums.
  func run<Kernels: WordTileKernels, Output: BitwiseCopyable>(
    input: UnsafePointer<Kernels.Left>, panels: UnsafePointer<Kernels.Right>,
    output: UnsafeMutablePointer<Output>, kernels: Kernels, context: ComputeContext,
    start initial: (_ column: Int) -> Kernels.Sum, finish: (FinishedTile<Kernels.Sum, Output>) -> Void
  ) throws {
    let elementBytes = MemoryLayout<Kernels.Left>.stride
    let width = kernels.columns
    let run = kernels.runLength(runLength)
    // The last window's padded run would read past the image.
    let inPlace = readsInPlace && run == runLength
    let stripWidth = inPlace ? inputWidth : (outputWidth - 1) * strideWidth + kernelWidth
    let strip = ConvolutionStrip(
      inputHeight: inputHeight, inputWidth: inputWidth, inputChannels: inputChannels, channels: groupInputs,
      width: stripWidth, left: left, border: border)
    let rowElements = stripWidth * groupInputs
    let strips = Partition(outputHeight, atMost: outputRowsPerStrip(rowBytes: rowElements * elementBytes))
    let stripRows = (strips.largest - 1) * strideHeight + kernelHeight
    let panelCount = kernels.panelCount(groupOutputs)
    let panelBlocks = panelBlocks(
      panelCount, items: batch * strips.parts * groups, rows: strips.largest, elementBytes: elementBytes)
    let panelElements = panelElements(kernels)
    // Half a tile hides the latency of its sums; fewer pixels cost more than they save.
    let separates =
      groupInputs.isMultiple(of: kernels.innerMultiple)
      && 2 * min(strips.largest, innerColumns.count) >= kernels.rows
    let tiles = PixelTiles(
      self, tileRows: kernels.rows, blocks: kernels.blocks, separatesSides: separates, anyPixels: false)

    var layout = ScratchLayout()
    let copyPart = layout.reserve(inPlace ? 0 : stripRows * rowElements + run - runLength, of: Kernels.Left.self)
    let leftPart = layout.reserve(kernels.blocks, of: UnsafePointer<Kernels.Left>.self)
    let runPart = layout.reserve(kernelHeight, of: Int.self)
    let startPart = layout.reserve(panelBlocks.largest * width, of: Kernels.Sum.self)
    let sumPart = layout.reserve(kernels.blocks * kernels.rows * width, of: Kernels.Sum.self)

    try context.forEach(
      batch * strips.parts * groups * panelBlocks.parts, scratchBytes: layout.bytes
    ) { item, scratch in
      let panelRange = panelBlocks.range(item % panelBlocks.parts)
      let group = item / panelBlocks.parts % groups
      let outputRows = strips.range(item / (panelBlocks.parts &* groups) % strips.parts)
      let image = item / (panelBlocks.parts &* groups &* strips.parts)
      let imageInput = input + (image &* inputHeight &* inputWidth &* inputChannels)
      let firstRow = outputRows.lowerBound &* strideHeight &- top

      let (left, runs) = (leftPart.pointer(in: scratch), runPart.pointer(in: scratch))
      let (start, sums) = (startPart.pointer(in: scratch), sumPart.pointer(in: scratch))
      var base = imageInput + (firstRow &* rowElements)
      if !inPlace {
        let copy = copyPart.pointer(in: scratch)
        let rows = (outputRows.count &- 1) &* strideHeight &+ kernelHeight
        strip.copy(
          image: imageInput, firstChannel: group &* groupInputs, firstRow: firstRow, rows: rows, to: copy)
        memset(copy + (rows &* rowElements), 0, (run &- runLength) &* elementBytes)
        base = UnsafePointer(copy)
      }
      for row in 0..<kernelHeight { runs[row] = row &* rowElements }
      let (rowStep, pixelStep) = (strideHeight &* rowElements, strideWidth &* groupInputs)
      let firstPixel = image &* outputHeight &* outputWidth

      let firstColumn = group &* groupOutputs &+ panelRange.lowerBound &* width
      let columns = min(panelRange.count &* width, groupOutputs &- panelRange.lowerBound &* width)
      // Past the last column the sums are not used.
      for j in 0..<(panelRange.count &* width) { start[j] = initial(firstColumn &+ min(j, columns &- 1)) }
      let panelBytes = panelElements &* MemoryLayout<Kernels.Right>.stride
      forEachTile(tiles, of: outputRows, panels: panelRange, panelBytes: panelBytes) { tile, panel in
        let number = panel &- panelRange.lowerBound
        let column = firstColumn &+ number &* width
        let valid = min(width, columns &- number &* width)
        let firstTap = tile.kernelColumns.lowerBound &* groupInputs
        let isCut = tile.kernelColumns.count < kernelWidth
        let length = isCut ? tile.kernelColumns.count &* groupInputs : run
        let first = base + ((tile.row &- outputRows.lowerBound) &* rowStep &+ tile.column &* pixelStep &+ firstTap)
        let outputPixel =
          output + ((firstPixel &+ tile.row &* outputWidth &+ tile.column) &* outputChannels &+ column)
        let outputStride = tile.isVertical ? outputWidth &* outputChannels : outputChannels
        for block in 0..<tile.blocks {
          left[block] = first + (block &* rowStep)
          prefetchForWriting(
            outputPixel + (block &* outputWidth &* outputChannels), stride: outputStride, rows: tile.count,
            columns: valid)
        }
        let rows = tile.kernelRows
        let panelStart = (group &* panelCount &+ panel) &* panelElements
        kernels.tile(
          WordTile(
            rows: tile.count, blockCount: tile.blocks, left: left,
            leftStride: tile.isVertical ? rowStep : pixelStep,
            runOffsets: runs + rows.lowerBound, runCount: rows.count, runLength: length,
            panel: panels + (panelStart &+ (rows.lowerBound &* run &+ firstTap) &* width),
            panelGap: (run &- length) &* width, start: start + (number &* width), output: sums, outputStride: width,
            isNarrow: valid <= width / 2))
        for block in 0..<tile.blocks {
          finish(
            FinishedTile(
              rows: tile.count, columns: valid, sums: sums + (block &* tile.count &* width), sumStride: width,
              firstColumn: column, target: outputPixel + (block &* outputWidth &* outputChannels),
              targetStride: outputStride))
        }
      }
    }
  }
}
