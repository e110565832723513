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

/// Added to a float from 0 to 255, leaves it in the low bits of the sum, rounded to the nearest integer, ties to even.
@inlinable @inline(__always)
var byteRounding: Float { 12_582_912 }  // 1.5 · 2^23

/// What sums become, see ``RowScaling``.
public protocol ScaledElement: BitwiseCopyable {
  static func bounded(_ x: Float, atLeast lowest: Float) -> Self
  /// The same for 16 numbers, written to memory.
  static func store(_ x: SIMD16<Float>, atLeast lowest: Float, to target: UnsafeMutablePointer<Self>)
}

extension Float: ScaledElement {
  @inlinable @inline(__always)
  public static func bounded(_ x: Float, atLeast lowest: Float) -> Float { x < lowest ? lowest : x }

  @inlinable @inline(__always)
  public static func store(_ x: SIMD16<Float>, atLeast lowest: Float, to target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(
      of: x.replacing(with: lowest, where: x .< lowest), as: SIMD16<Float>.self)
  }
}

extension UInt8: ScaledElement {
  @inlinable @inline(__always)
  public static func bounded(_ x: Float, atLeast lowest: Float) -> UInt8 {
    let raised = x < lowest ? lowest : x
    let inRange = raised > 255 ? 255 : raised
    return UInt8(truncatingIfNeeded: (inRange + byteRounding).bitPattern)
  }

  @inlinable @inline(__always)
  public static func store(_ x: SIMD16<Float>, atLeast lowest: Float, to target: UnsafeMutablePointer<UInt8>) {
    let raised = x.replacing(with: lowest, where: x .< lowest)
    let inRange = raised.replacing(with: 255, where: raised .> 255)
    let bits = unsafeBitCast(inRange + byteRounding, to: SIMD16<UInt32>.self)
    for i in 0..<16 { target[i] = UInt8(truncatingIfNeeded: bits[i]) }
  }
}

/// ``RowScaling``, 16 columns of all rows at a time: left to the optimiser, rows of 32 columns, those of a tile, are too
/// short for its widest loop. Conversions are loops, which become one instruction; those of `SIMD` are calls.
@inlinable @inline(__always)
func scaleRows<I: SendableMetatype, Target: ScaledElement>(_: I.Type, _ rows: RowScaling<Target>) {
  let (multipliers, offsets, lowest) = (rows.multipliers, rows.offsets, rows.lowest)
  var j = 0
  while j &+ 16 <= rows.columns {
    let multiplier = UnsafeRawPointer(multipliers + j).loadUnaligned(as: SIMD16<Float>.self)
    let offset = UnsafeRawPointer(offsets + j).loadUnaligned(as: SIMD16<Float>.self)
    var (source, target) = (rows.source + j, rows.target + j)
    for _ in 0..<rows.rows {
      var sums = SIMD16<Float>()
      for i in 0..<16 { sums[i] = Float(source[i]) }
      Target.store(sums * multiplier + offset, atLeast: lowest, to: target)
      source += rows.sourceStride
      target += rows.targetStride
    }
    j = j &+ 16
  }
  while j < rows.columns {
    var (source, target) = (rows.source + j, rows.target + j)
    for _ in 0..<rows.rows {
      target[0] = Target.bounded(Float(source[0]) * multipliers[j] + offsets[j], atLeast: lowest)
      source += rows.sourceStride
      target += rows.targetStride
    }
    j = j &+ 1
  }
}

@inlinable @inline(__always)
public func quantize<I: SendableMetatype>(
  _: I.Type, _ count: Int, _ x: UnsafePointer<Float>, _ inverseScale: Float, _ zeroPoint: Float,
  _ q: UnsafeMutablePointer<UInt8>
) {
  var i = 0
  while i < count {
    q[i] = UInt8.bounded(x[i] * inverseScale + zeroPoint, atLeast: 0)
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
