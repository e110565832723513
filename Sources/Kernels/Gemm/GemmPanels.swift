import CShims
import KernelTemplates

// Packing of the right-hand matrix into panels; see the drawing at `MatrixKernels`.

/// Packs `count` rows of `columns` floats, `stride` apart; zeros fill the panel up to its width.
func packPanel(
  _ source: UnsafePointer<Float>, stride: Int, count: Int, columns: Int, into panel: UnsafeMutablePointer<Float>,
  width: Int
) {
  if columns < width { memset(panel, 0, count &* width &* 4) }
  copyRows(source, stride: stride, rows: count, columns: columns, into: panel, targetStride: width)
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
  // Sixteen columns at a time, so that the target's lines stay in the L1 cache while they fill.
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

/// Copies rows × columns elements between matrices of different strides.
func copyRows<Element: BitwiseCopyable>(
  _ source: UnsafePointer<Element>, stride: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Element>,
  targetStride: Int
) {
  let bytes = columns &* MemoryLayout<Element>.stride
  for i in 0..<rows { memcpy(target + (i &* targetStride), source + (i &* stride), bytes) }
}

/// Prefetches the part of a matrix that a tile will write while it computes its sums; otherwise all its stores wait for
/// memory.
func prefetchForWriting<Element: BitwiseCopyable>(
  _ matrix: UnsafeMutablePointer<Element>, stride: Int, rows: Int, columns: Int
) {
  var row = UnsafeRawPointer(matrix)
  for _ in 0..<rows {
    var byte = 0
    while byte < columns &* MemoryLayout<Element>.stride {
      shim_prefetch_for_writing(row + byte)
      byte = byte &+ 64
    }
    row += stride &* MemoryLayout<Element>.stride
  }
}

extension MatrixKernels {
  /// Packs `count` rows of `valid` floats, `stride` apart, into panels that begin `panelStride` floats apart; zeros
  /// fill the last one.
  func packPanels(
    _ source: UnsafePointer<Float>, stride: Int, count: Int, valid: Int, into panels: UnsafeMutablePointer<Float>,
    panelStride: Int = 0
  ) {
    let (whole, rest) = (valid / columns, valid % columns)
    copyPanels(
      PanelCopy(
        source: source, sourceStride: stride, rowCount: count, panelCount: whole, panels: panels,
        panelStride: panelStride))
    guard rest > 0 else { return }
    packPanel(
      source + (whole &* columns), stride: stride, count: count, columns: rest, into: panels + (whole &* panelStride),
      width: columns)
  }

  /// Panels that `columns` columns fill, the last one perhaps partly.
  func panelCount(_ columns: Int) -> Int { (columns + self.columns - 1) / self.columns }

  /// A tile of `valid` columns, in as few vectors as hold them; if they do not fill these, the tile goes through
  /// `spill`, which holds a tile as wide as the panel.
  func rowTile(_ rows: Int, _ tile: RowTile, valid: Int, spill: UnsafeMutablePointer<Float>) {
    let kernel = valid > columns ? wideRowTile : valid > vectorWidth ? rowTile : narrowRowTile
    prefetchForWriting(tile.output, stride: tile.outputStride, rows: rows, columns: valid)
    guard !valid.isMultiple(of: vectorWidth) else { return kernel(rows, tile) }
    var whole = tile
    whole.output = spill
    whole.outputStride = tile.panelWidth
    if tile.start == nil {
      copyRows(
        tile.output, stride: tile.outputStride, rows: rows, columns: valid, into: spill,
        targetStride: tile.panelWidth)
    }
    kernel(rows, whole)
    copyRows(
      spill, stride: tile.panelWidth, rows: rows, columns: valid, into: tile.output,
      targetStride: tile.outputStride)
  }

  /// ``outerTile`` likewise, in whole tiles.
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
