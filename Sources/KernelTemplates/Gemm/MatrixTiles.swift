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
      prefetchPanel(panel, bytes: 4 &* vectors &* width, rows: rows)
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

/// ``WeightedRows``, eight rows at a time so that sums are loaded and stored once per eight; four at a time for four
/// outputs, whose sixteen weights stay in registers.
///
/// The rows are added in their order, whatever the number of outputs.
@inlinable @inline(__always)
public func addWeightedRows<V: SIMD>(_ sum: WeightedRows, fused: Bool, as: V.Type) where V.Scalar == Float {
  let quads = sum.outputCount / 4
  var quad = 0
  while quad < quads {
    addRowsToFour(sum, quad, of: quads, fused: fused, as: V.self)
    quad = quad &+ 1
  }
  var m = 0
  while m < sum.outputCount {
    let done = m < 4 &* quads ? sum.rowCount / 4 &* 4 : 0
    addRowsToOne(
      WeightedRows(
        weights: sum.weights + (m &* sum.outputWeights &+ done &* sum.weightStride), weightStride: sum.weightStride,
        rows: sum.rows + (done &* sum.rowStride), rowStride: sum.rowStride, rowCount: sum.rowCount &- done,
        columns: sum.columns, output: sum.output + (m &* sum.outputStride), prefetches: sum.prefetches && m == 0),
      fused: fused, as: V.self)
    m = m &+ 1
  }
}

/// To outputs 4 · quad and the following three, a multiple of four rows. Each quad prefetches its share of as many rows
/// as follow.
@inlinable @inline(__always)
func addRowsToFour<V: SIMD>(_ sum: WeightedRows, _ quad: Int, of quads: Int, fused: Bool, as: V.Type)
where V.Scalar == Float {
  let (rowStride, weightStride) = (sum.rowStride, sum.weightStride)
  let weights = sum.weights + (4 &* quad &* sum.outputWeights)
  let output = sum.output + (4 &* quad &* sum.outputStride)
  let passes = quads &* (sum.rowCount / 4)
  var k = 0
  while k &+ 4 <= sum.rowCount {
    let rows = sum.rows + (k &* rowStride)
    let pass = quad &* (sum.rowCount / 4) &+ k / 4
    let (first, end) = (sum.rowCount &* pass / passes, sum.rowCount &* (pass &+ 1) / passes)
    let next = sum.rows + ((sum.rowCount &+ first) &* rowStride)
    let prefetched = sum.prefetches ? end &- first : 0
    @inline(__always) func weight(_ m: Int) -> (V, V, V, V) {
      let w = weights + (m &* sum.outputWeights &+ k &* weightStride)
      return (
        V(repeating: w[0]), V(repeating: w[weightStride]), V(repeating: w[2 &* weightStride]),
        V(repeating: w[3 &* weightStride])
      )
    }
    let (w0, w1, w2, w3) = (weight(0), weight(1), weight(2), weight(3))
    var j = 0
    while j &+ V.scalarCount <= sum.columns {
      let row = rows + j
      let x0 = load(row, as: V.self)
      let x1 = load(row + rowStride, as: V.self)
      let x2 = load(row + (2 &* rowStride), as: V.self)
      let x3 = load(row + (3 &* rowStride), as: V.self)
      @inline(__always) func add(_ m: Int, _ w: (V, V, V, V)) {
        let place = output + (m &* sum.outputStride &+ j)
        var y = load(place, as: V.self)
        multiplyAdd(&y, w.0, x0, fused: fused)
        multiplyAdd(&y, w.1, x1, fused: fused)
        multiplyAdd(&y, w.2, x2, fused: fused)
        multiplyAdd(&y, w.3, x3, fused: fused)
        store(y, place)
      }
      add(0, w0)
      add(1, w1)
      add(2, w2)
      add(3, w3)
      var r = 0
      while r < prefetched {
        shim_prefetch(next + (r &* rowStride &+ j))
        r = r &+ 1
      }
      j = j &+ V.scalarCount
    }
    if j < sum.columns {
      for m in 0..<4 {
        addLastColumns(
          4, from: j, sum.columns, weights: weights + (m &* sum.outputWeights &+ k &* weightStride), weightStride,
          rows: rows, rowStride, output: output + (m &* sum.outputStride), fused: fused)
      }
    }
    k = k &+ 4
  }
}

@inlinable @inline(__always)
func addRowsToOne<V: SIMD>(_ sum: WeightedRows, fused: Bool, as: V.Type) where V.Scalar == Float {
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
  addLastColumns(
    count, from: j, sum.columns, weights: weights, weightStride, rows: rows, rowStride, output: output, fused: fused)
}

/// The columns from `first` on, which do not fill a vector.
@inlinable @inline(__always)
func addLastColumns(
  _ count: Int, from first: Int, _ columns: Int, weights: UnsafePointer<Float>, _ weightStride: Int,
  rows: UnsafePointer<Float>, _ rowStride: Int, output: UnsafeMutablePointer<Float>, fused: Bool
) {
  var j = first
  while j < columns {
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
