import CShims

// The algorithms of the matrix kernels, written once, over a vector type. They are called with numbers of rows and
// vectors, and whether the instruction set has a fused multiply-add: all constants there (``TileSize``), so that each
// call becomes straight-line code.

/// ``RowTile`` of `rows` rows and `vectors` (1 to 3) vectors of columns.
@inlinable @inline(__always)
public func rowTile<V: SIMD>(_ rows: Int, vectors: Int, _ tile: RowTile, fused: Bool, as: V.Type)
where V.Scalar == Float {
  let width = V.scalarCount
  let (left, output, outputStride) = (tile.left, tile.output, tile.outputStride)
  var sums = TileSums<V>()
  if let start = tile.start {
    let s0 = load(start, as: V.self)
    let s1 = vectors > 1 ? load(start + width, as: V.self) : s0
    let s2 = vectors > 2 ? load(start + (2 &* width), as: V.self) : s0
    sums.forEachRow(rows) { _, a, b, c in
      a = s0
      if vectors > 1 { b = s1 }
      if vectors > 2 { c = s2 }
    }
  } else {
    sums.forEachRow(rows) { i, a, b, c in
      let row = output + (i &* outputStride)
      a = load(row, as: V.self)
      if vectors > 1 { b = load(row + width, as: V.self) }
      if vectors > 2 { c = load(row + (2 &* width), as: V.self) }
    }
  }

  var panel = tile.panel
  var run = 0
  repeat {
    var k = tile.runOffsets[run]
    let end = k &+ tile.runLength
    repeat {
      let p0 = load(panel, as: V.self)
      let p1 = vectors > 1 ? load(panel + width, as: V.self) : p0
      let p2 = vectors > 2 ? load(panel + (2 &* width), as: V.self) : p0
      sums.forEachRow(rows) { i, a, b, c in
        let x = V(repeating: left[i][k])
        multiplyAdd(&a, x, p0, fused: fused)
        if vectors > 1 { multiplyAdd(&b, x, p1, fused: fused) }
        if vectors > 2 { multiplyAdd(&c, x, p2, fused: fused) }
      }
      panel += tile.panelWidth
      k = k &+ 1
    } while k != end
    panel += tile.panelGap
    run = run &+ 1
  } while run != tile.runCount

  sums.forEachRow(rows) { i, a, b, c in
    let row = output + (i &* outputStride)
    store(a, row)
    if vectors > 1 { store(b, row + width) }
    if vectors > 2 { store(c, row + (2 &* width)) }
  }
  if tile.relu { rectify(rows, output, stride: outputStride, columns: vectors &* width) }
}

/// x = max(0, x), NaN for NaN, on a tile that has just been stored: in memory, because comparing vectors of a generic
/// type costs one branch per lane.
@inlinable @inline(__always)
func rectify(_ rows: Int, _ output: UnsafeMutablePointer<Float>, stride: Int, columns: Int) {
  var row = output
  for _ in 0..<rows {
    for j in 0..<columns { row[j] = row[j] < 0 ? 0 : row[j] }
    row += stride
  }
}

/// ``OuterTile`` of `rows` rows.
@inlinable @inline(__always)
public func outerTile<V: SIMD>(_ rows: Int, _ tile: OuterTile, fused: Bool, as: V.Type) where V.Scalar == Float {
  let width = V.scalarCount
  var sums = TileSums<V>()
  var y = 0
  repeat {
    var left = tile.left + (y &* tile.leftRowStride)
    var right = tile.right + (y &* tile.rightRowStride)
    var x = tile.pixelColumns
    repeat {
      let (r0, r1) = (load(right, as: V.self), load(right + width, as: V.self))
      sums.forEachRow(rows) { i, a, b, _ in
        let l = V(repeating: left[i])
        multiplyAdd(&a, l, r0, fused: fused)
        multiplyAdd(&b, l, r1, fused: fused)
      }
      left += tile.leftStride
      right += tile.rightStride
      x = x &- 1
    } while x != 0
    y = y &+ 1
  } while y != tile.pixelRows

  let (output, outputStride) = (tile.output, tile.outputStride)
  if tile.accumulates {
    sums.forEachRow(rows) { i, a, b, _ in
      let row = output + (i &* outputStride)
      store(load(row, as: V.self) + a, row)
      store(load(row + width, as: V.self) + b, row + width)
    }
  } else {
    sums.forEachRow(rows) { i, a, b, _ in
      let row = output + (i &* outputStride)
      store(a, row)
      store(b, row + width)
    }
  }
}

/// ``WeightedRows``, eight rows at a time so that the sums in `output` are loaded and stored once per eight.
@inlinable @inline(__always)
public func addWeightedRows<V: SIMD>(_ sum: WeightedRows, fused: Bool, as: V.Type) where V.Scalar == Float {
  var k = 0
  while k &+ 8 <= sum.rowCount {
    if sum.prefetches {
      addRows(8, from: k, sum, prefetches: true, fused: fused, as: V.self)
    } else {
      addRows(8, from: k, sum, prefetches: false, fused: fused, as: V.self)
    }
    k = k &+ 8
  }
  while k < sum.rowCount {
    addRows(1, from: k, sum, prefetches: false, fused: fused, as: V.self)
    k = k &+ 1
  }
}

@inlinable @inline(__always)
func addRows<V: SIMD>(
  _ count: Int, from first: Int, _ sum: WeightedRows, prefetches: Bool, fused: Bool, as: V.Type
) where V.Scalar == Float {
  let weights = sum.weights + (first &* sum.weightStride)
  let rows = sum.rows + (first &* sum.rowStride)
  let (weightStride, rowStride, output) = (sum.weightStride, sum.rowStride, sum.output)
  var j = 0
  while j &+ V.scalarCount <= sum.columns {
    var y = load(output + j, as: V.self)
    var k = 0
    while k < count {
      let row = rows + (k &* rowStride &+ j)
      if prefetches { shim_prefetch(row + (count &* rowStride)) }
      multiplyAdd(&y, V(repeating: weights[k &* weightStride]), load(row, as: V.self), fused: fused)
      k = k &+ 1
    }
    store(y, output + j)
    j = j &+ V.scalarCount
  }
  while j < sum.columns {
    var y = output[j]
    var k = 0
    while k < count {
      multiplyAdd(&y, weights[k &* weightStride], rows[k &* rowStride &+ j], fused: fused)
      k = k &+ 1
    }
    output[j] = y
    j = j &+ 1
  }
}

/// ``PanelCopy``.
@inlinable @inline(__always)
public func copyPanels<V: SIMD>(_ copy: PanelCopy, as: V.Type) where V.Scalar == Float {
  let width = V.scalarCount
  var (row, target) = (copy.source, copy.panels)
  let (sourceStride, panelStride, panelCount) = (copy.sourceStride, copy.panelStride, copy.panelCount)
  var k = copy.rowCount
  while k > 0 {
    var (source, panel) = (row, target)
    var p = panelCount
    while p > 0 {
      let (a, b) = (load(source, as: V.self), load(source + width, as: V.self))
      store(a, panel)
      store(b, panel + width)
      source += (2 &* width)
      panel += panelStride
      p = p &- 1
    }
    row += sourceStride
    target += (2 &* width)
    k = k &- 1
  }
}
