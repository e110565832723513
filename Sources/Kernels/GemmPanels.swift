import CShims
import KernelTemplates

// Packing of the right-hand matrix into panels; the drawing is at `MatrixKernels`.

/// Packs `count` rows of `columns` floats, `stride` apart, into one panel `width` floats wide; zeros fill the rest.
func packPanel(
  _ source: UnsafePointer<Float>, stride: Int, count: Int, columns: Int, into panel: UnsafeMutablePointer<Float>,
  width: Int
) {
  let (bytes, rest) = (columns &* 4, (width &- columns) &* 4)
  var (row, target) = (source, panel)
  for _ in 0..<count {
    memcpy(target, row, bytes)
    if rest > 0 { memset(target + columns, 0, rest) }
    row += stride
    target += width
  }
}

/// Packs the transpose: the panel's column j is the row source[j · stride …] of `count` floats.
func packTransposedPanel(
  _ source: UnsafePointer<Float>, stride: Int, count: Int, columns: Int, into panel: UnsafeMutablePointer<Float>,
  width: Int
) {
  if columns < width { memset(panel, 0, count &* width &* 4) }
  transpose(source, stride: stride, rows: columns, columns: count, into: panel, targetStride: width)
}

/// target[j · targetStride + i] = source[i · stride + j] for i in 0 ..< rows, j in 0 ..< columns.
func transpose(
  _ source: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
  targetStride: Int
) {
  // Sixteen columns at a time, so that the target's lines stay in the first-level cache while they fill.
  var first = 0
  while first < columns {
    let end = min(first &+ 16, columns)
    for i in 0..<rows {
      let row = source + (i &* stride)
      var j = first
      while j < end {
        target[j &* targetStride &+ i] = row[j]
        j = j &+ 1
      }
    }
    first = end
  }
}

/// Copies rows × columns floats between matrices of different strides.
func copyRows(
  _ source: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
  targetStride: Int
) {
  for i in 0..<rows { memcpy(target + (i &* targetStride), source + (i &* stride), columns &* 4) }
}

extension MatrixKernels {
  /// Panels that `columns` columns fill, the last one perhaps in part.
  func panelCount(_ columns: Int) -> Int { (columns + self.columns - 1) / self.columns }

  /// ``rowTile`` on a panel of which `valid` columns belong to C; a partial panel goes by way of `spill`, which
  /// holds a whole tile.
  func rowTile(_ rows: Int, _ tile: RowTile, valid: Int, spill: UnsafeMutablePointer<Float>) {
    guard valid < columns else { return rowTile(rows, tile) }
    var whole = tile
    whole.output = spill
    whole.outputStride = columns
    if tile.start == nil {
      copyRows(
        tile.output, stride: tile.outputStride, rows: rows, columns: valid, into: spill, targetStride: columns)
    }
    rowTile(rows, whole)
    copyRows(spill, stride: columns, rows: rows, columns: valid, into: tile.output, targetStride: tile.outputStride)
  }

  /// ``outerTile`` likewise.
  func outerTile(_ rows: Int, _ tile: OuterTile, valid: Int, spill: UnsafeMutablePointer<Float>) {
    guard valid < columns else { return outerTile(rows, tile) }
    var whole = tile
    whole.output = spill
    whole.outputStride = columns
    copyRows(
      tile.output, stride: tile.outputStride, rows: rows, columns: valid, into: spill, targetStride: columns)
    outerTile(rows, whole)
    copyRows(spill, stride: columns, rows: rows, columns: valid, into: tile.output, targetStride: tile.outputStride)
  }
}
