// The algorithms of `QuantizedKernels`, written once, over a vector type. Bytes become floats lane by lane, which the
// optimiser turns into one widening and one conversion per vector.

import CShims

@inlinable @inline(__always)
func widen<V: SIMD>(_ source: UnsafePointer<Int8>, as: V.Type) -> V where V.Scalar == Float {
  var floats = V()
  for lane in 0..<V.scalarCount { floats[lane] = Float(source[lane]) }
  return floats
}

/// ``QuantizedRows``, eight rows at a time, four vectors of columns: whole cache lines of bytes if a vector is 64
/// bytes.
@inlinable @inline(__always)
public func addWeightedRows<V: SIMD>(_ sum: QuantizedRows, fused: Bool, as: V.Type) where V.Scalar == Float {
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
  _ count: Int, from first: Int, _ sum: QuantizedRows, prefetches: Bool, fused: Bool, as: V.Type
) where V.Scalar == Float {
  let width = V.scalarCount
  let (weights, rows) = (sum.weights + first, sum.rows + (first &* sum.rowStride))
  let (rowStride, columns) = (sum.rowStride, sum.columns)
  var j = 0
  while j &+ 4 &* width <= columns {
    let y = sum.output + j
    var (a, b) = (load(y, as: V.self), load(y + width, as: V.self))
    var (c, d) = (load(y + (2 &* width), as: V.self), load(y + (3 &* width), as: V.self))
    var k = 0
    while k < count {
      let w = V(repeating: weights[k])
      let row = rows + (k &* rowStride &+ j)
      if prefetches { shim_prefetch(row + (count &* rowStride)) }
      multiplyAdd(&a, w, widen(row, as: V.self), fused: fused)
      multiplyAdd(&b, w, widen(row + width, as: V.self), fused: fused)
      multiplyAdd(&c, w, widen(row + (2 &* width), as: V.self), fused: fused)
      multiplyAdd(&d, w, widen(row + (3 &* width), as: V.self), fused: fused)
      k = k &+ 1
    }
    store(a, y)
    store(b, y + width)
    store(c, y + (2 &* width))
    store(d, y + (3 &* width))
    j = j &+ 4 &* width
  }
  while j < columns {
    var y = sum.output[j]
    var k = 0
    while k < count {
      multiplyAdd(&y, weights[k], Float(rows[k &* rowStride &+ j]), fused: fused)
      k = k &+ 1
    }
    sum.output[j] = y
    j = j &+ 1
  }
}

/// ``PanelWidening``.
@inlinable @inline(__always)
public func widenPanels<V: SIMD>(_ widening: PanelWidening, as: V.Type) where V.Scalar == Float {
  let width = V.scalarCount
  var (row, target) = (widening.source, widening.panels)
  let (sourceStride, panelStride, panelCount) = (widening.sourceStride, widening.panelStride, widening.panelCount)
  var k = widening.rowCount
  while k > 0 {
    var (source, panel) = (row, target)
    var p = panelCount
    while p > 0 {
      store(widen(source, as: V.self), panel)
      store(widen(source + width, as: V.self), panel + width)
      source += (2 &* width)
      panel += panelStride
      p = p &- 1
    }
    row += sourceStride
    target += (2 &* width)
    k = k &- 1
  }
}

/// largest[j] = max(largest[j], |w[j]|).
@inlinable @inline(__always)
public func raiseToMagnitudes<I: InstructionSet>(
  _: I.Type, _ count: Int, _ w: UnsafePointer<Float>, _ largest: UnsafeMutablePointer<Float>
) {
  var j = 0
  while j < count {
    let magnitude = abs(w[j])
    largest[j] = magnitude > largest[j] ? magnitude : largest[j]
    j = j &+ 1
  }
}

/// q[j] = w[j] / scale[j], rounded to the nearest integer, ties to even. Adding 1.5 · 2^23 rounds a small number to an
/// integer, which is then in the low bits.
@inlinable @inline(__always)
public func quantize<I: InstructionSet>(
  _: I.Type, _ count: Int, _ w: UnsafePointer<Float>, _ scale: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Int8>
) {
  var j = 0
  while j < count {
    q[j] = Int8(truncatingIfNeeded: (w[j] / scale[j] + 12_582_912).bitPattern)
    j = j &+ 1
  }
}
