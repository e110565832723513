/// Output pixels computed by one tile, and the part of the kernel that meets the image there.
struct PixelTile {
  /// The first pixel.
  let row: Int
  let column: Int
  /// Neighbours in an output row or column.
  let count: Int
  let isVertical: Bool
  /// Output rows in which the same pixels are computed: the blocks of the tile.
  let blocks: Int
  /// At least one of each; those outside the image multiply zeros.
  let kernelRows: Range<Int>
  let kernelColumns: Range<Int>
}

/// How output pixels are divided into tiles, so that few of them multiply padding.
///
///     ┌─┬─────┬─────┬─┐   A tile in the middle lies in one output row and skips the kernel rows that meet
///     │ ├─────┼─────┤ │   only padding. An output column whose windows extend past the left or right side of the
///     │ ├─────┼─────┤ │   image has separate tiles, which run down it and skip kernel columns.
///     └─┴─────┴─────┴─┘
struct PixelTiles {
  private let convolution: ConvolutionTiles
  private let tileRows: Int
  private let blocks: Int
  /// Output columns whose tiles lie in rows.
  private let middle: Range<Int>
  /// Whether tiles continue from one row to the next, in narrow outputs.
  private let crossRows: Bool

  /// - Parameters:
  ///   - tileRows: the most pixels of a tile.
  ///   - blocks: the most blocks of a tile.
  ///   - separatesSides: whether output columns at the sides get separate tiles, which begin or end in the middle of a
  ///     kernel row; not if all columns are at the sides.
  ///   - anyPixels: whether a tile's pixels may lie at any distance from each other, so that it can cross rows.
  init(
    _ convolution: ConvolutionTiles, tileRows: Int, blocks: Int = 1, separatesSides: Bool, anyPixels: Bool
  ) {
    self.convolution = convolution
    self.tileRows = tileRows
    self.blocks = blocks
    let inner = convolution.innerColumns
    middle = separatesSides && !inner.isEmpty ? inner : 0..<convolution.outputWidth
    crossRows = anyPixels && 2 * convolution.outputWidth < tileRows
  }

  /// Calls `body` with each tile of some output rows.
  @inline(__always)
  func forEach(_ rows: Range<Int>, _ body: (PixelTile) -> Void) {
    let width = convolution.outputWidth
    if crossRows {
      let parts = Partition(rows.count &* width, atMost: tileRows)
      for part in 0..<parts.parts {
        let pixels = parts.range(part)
        let row = rows.lowerBound &+ pixels.lowerBound / width
        body(
          PixelTile(
            row: row, column: pixels.lowerBound % width, count: pixels.count, isVertical: false, blocks: 1,
            kernelRows: convolution.kernelRows(
              from: row, through: rows.lowerBound &+ (pixels.upperBound &- 1) / width),
            kernelColumns: 0..<convolution.kernelWidth))
      }
      return
    }
    let parts = Partition(middle.count, atMost: tileRows)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(blocks, rows.upperBound &- row)
      let kernelRows = convolution.kernelRows(from: row, through: row &+ count &- 1)
      for part in 0..<parts.parts {
        let columns = parts.range(part)
        body(
          PixelTile(
            row: row, column: middle.lowerBound &+ columns.lowerBound, count: columns.count, isVertical: false,
            blocks: count, kernelRows: kernelRows, kernelColumns: 0..<convolution.kernelWidth))
      }
      row = row &+ count
    }
    for column in 0..<middle.lowerBound { runDown(column, rows, body) }
    for column in middle.upperBound..<width { runDown(column, rows, body) }
  }

  @inline(__always)
  private func runDown(_ column: Int, _ rows: Range<Int>, _ body: (PixelTile) -> Void) {
    let parts = Partition(rows.count, atMost: tileRows)
    for part in 0..<parts.parts {
      let range = parts.range(part)
      let row = rows.lowerBound &+ range.lowerBound
      body(
        PixelTile(
          row: row, column: column, count: range.count, isVertical: true, blocks: 1,
          kernelRows: convolution.kernelRows(from: row, through: row &+ range.count &- 1),
          kernelColumns: convolution.kernelColumns(column)))
    }
  }
}

extension ConvolutionTiles {
  /// Output columns whose windows lie between the sides of the image.
  var innerColumns: Range<Int> {
    var (first, end) = (0, outputWidth)
    while first < end, meetsSides(column: first) { first += 1 }
    while end > first, meetsSides(column: end - 1) { end -= 1 }
    return first..<end
  }

  /// Kernel rows that lie in the image for some of the output rows; all if products with the border count.
  fileprivate func kernelRows(from first: Int, through last: Int) -> Range<Int> {
    if border != 0 { return 0..<kernelHeight }
    return Self.taps(
      kernelHeight, from: top &- last &* strideHeight, to: inputHeight &+ top &- first &* strideHeight)
  }

  fileprivate func kernelColumns(_ column: Int) -> Range<Int> {
    if border != 0 { return 0..<kernelWidth }
    let start = left &- column &* strideWidth
    return Self.taps(kernelWidth, from: start, to: inputWidth &+ start)
  }

  private func meetsSides(column: Int) -> Bool { kernelColumns(column).count < kernelWidth }

  /// The part of 0 ..< count between the bounds, at least one element.
  private static func taps(_ count: Int, from first: Int, to end: Int) -> Range<Int> {
    let start = min(count &- 1, max(0, first))
    return start..<max(start &+ 1, min(count, end))
  }
}
