// The algorithms of `MatrixKernelsInt8`, written once. Loops over bytes are plain: the optimiser turns them into vector
// code of the target's instruction set.

/// The columns of ``byteTile(_:_:)``.
@inlinable @inline(__always)
var byteTileColumns: Int { 16 }

/// ``RowTileInt8`` where there is no instruction for products of bytes: a row at a time, a quad at a time.
@inlinable @inline(__always)
public func byteTile<I: SendableMetatype>(_: I.Type, _ tile: RowTileInt8) {
  let columns = byteTileColumns
  for block in 0..<tile.blockCount {
    for i in 0..<tile.rows {
      let row = tile.output + ((block &* tile.rows &+ i) &* tile.outputStride)
      if let start = tile.start { row.update(from: start, count: columns) }
      var panel = tile.panel
      for run in 0..<tile.runCount {
        var quad = tile.left[block] + (i &* tile.leftStride &+ tile.runOffsets[run])
        let end = quad + tile.runLength
        while quad != end {
          let (x0, x1) = (Int32(quad[0]), Int32(quad[1]))
          let (x2, x3) = (Int32(quad[2]), Int32(quad[3]))
          for j in 0..<columns {
            let w = panel + (4 &* j)
            row[j] &+= x0 &* Int32(w[0]) &+ x1 &* Int32(w[1]) &+ x2 &* Int32(w[2]) &+ x3 &* Int32(w[3])
          }
          panel += 4 &* columns
          quad += 4
        }
        panel += tile.panelGap
      }
    }
  }
}

/// A float from 0 to 255, rounded to the nearest integer, ties to even: adding 1.5 · 2^23 leaves it in the low bits.
@inlinable @inline(__always)
func roundedByte(_ x: Float, atLeast lowest: Float) -> UInt8 {
  let raised = x < lowest ? lowest : x
  let inRange = raised > 255 ? 255 : raised
  return UInt8(truncatingIfNeeded: (inRange + 12_582_912).bitPattern)
}

/// ``RowScaling``.
@inlinable @inline(__always)
func scaleRows<I: SendableMetatype, Target>(
  _: I.Type, _ rows: RowScaling<Target>, _ bounded: (Float) -> Target
) {
  let (multipliers, offsets, columns) = (rows.multipliers, rows.offsets, rows.columns)
  var (source, target) = (rows.source, rows.target)
  for _ in 0..<rows.rows {
    var j = 0
    while j < columns {
      target[j] = bounded(Float(source[j]) * multipliers[j] + offsets[j])
      j = j &+ 1
    }
    source += rows.sourceStride
    target += rows.targetStride
  }
}

@inlinable @inline(__always)
public func quantize<I: SendableMetatype>(
  _: I.Type, _ count: Int, _ x: UnsafePointer<Float>, _ inverseScale: Float, _ zeroPoint: Float,
  _ q: UnsafeMutablePointer<UInt8>
) {
  var i = 0
  while i < count {
    q[i] = roundedByte(x[i] * inverseScale + zeroPoint, atLeast: 0)
    i = i &+ 1
  }
}

@inlinable @inline(__always)
public func dequantize<I: SendableMetatype>(
  _: I.Type, _ count: Int, _ q: UnsafePointer<UInt8>, _ scale: Float, _ zeroPoint: Float,
  _ x: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i < count {
    x[i] = scale * (Float(q[i]) - zeroPoint)
    i = i &+ 1
  }
}

@inlinable @inline(__always)
public func raise<I: SendableMetatype>(
  _: I.Type, _ count: Int, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>
) {
  var i = 0
  while i < count {
    y[i] = x[i] > y[i] ? x[i] : y[i]
    i = i &+ 1
  }
}
