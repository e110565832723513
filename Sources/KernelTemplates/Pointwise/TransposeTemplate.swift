/// Transposition of a matrix inside a larger one: output[column][row] = input[row][column], to convert between
/// channels-first and channels-last.
public enum TransposeTemplate {
  /// Tiles of 4 × 4 floats go through registers; 64 columns at a time use whole runs of the input that the hardware
  /// prefetches, while the outputs they touch still fit the inner caches.
  @inlinable @inline(__always)
  public static func transpose<I: InstructionSet>(
    _: I.Type, rows: Int, columns: Int, input: UnsafePointer<Float>, inputStride: Int,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    if rows == 3 && outputStride == 3 {
      return interleave3(columns, input, inputStride, output)
    }
    if columns == 3 && inputStride == 3 {
      return separate3(rows, input, output, outputStride)
    }
    var column = 0
    while column < columns {
      let endColumn = min(columns, column &+ 64)
      var row = 0
      while row &+ 4 <= rows {
        var c = column
        while c &+ 4 <= endColumn {
          tile(input + (row &* inputStride &+ c), inputStride, output + (c &* outputStride &+ row), outputStride)
          c &+= 4
        }
        copy(row, row &+ 4, c, endColumn, input, inputStride, output, outputStride)
        row &+= 4
      }
      copy(row, rows, column, endColumn, input, inputStride, output, outputStride)
      column = endColumn
    }
  }

  @inlinable @inline(__always)
  static func load(_ source: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Float>.self)
  }

  @inlinable @inline(__always)
  static func store(_ v: SIMD4<Float>, _ target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(of: v, as: SIMD4<Float>.self)
  }

  @inlinable @inline(__always)
  static func tile(
    _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    let (a, b) = (load(x), load(x + xStride))
    let (c, d) = (load(x + 2 &* xStride), load(x + 3 &* xStride))
    // In two steps, because a shuffle instruction reads two registers.
    let (ab, cd) = (SIMD4(a[0], b[0], a[1], b[1]), SIMD4(c[0], d[0], c[1], d[1]))
    let (ef, gh) = (SIMD4(a[2], b[2], a[3], b[3]), SIMD4(c[2], d[2], c[3], d[3]))
    store(SIMD4(ab[0], ab[1], cd[0], cd[1]), y)
    store(SIMD4(ab[2], ab[3], cd[2], cd[3]), y + yStride)
    store(SIMD4(ef[0], ef[1], gh[0], gh[1]), y + 2 &* yStride)
    store(SIMD4(ef[2], ef[3], gh[2], gh[3]), y + 3 &* yStride)
  }

  @inlinable @inline(__always)
  static func copy(
    _ firstRow: Int, _ endRow: Int, _ firstColumn: Int, _ endColumn: Int,
    _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    var c = firstColumn
    while c < endColumn {
      var r = firstRow
      while r < endRow {
        y[c &* yStride &+ r] = x[r &* xStride &+ c]
        r &+= 1
      }
      c &+= 1
    }
  }

  /// Three planes to three-channel pixels.
  @inlinable @inline(__always)
  static func interleave3(
    _ count: Int, _ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i &+ 4 <= count {
      let (r, g, b) = (load(x + i), load(x + (stride &+ i)), load(x + (2 &* stride &+ i)))
      store(SIMD4(r[0], g[0], b[0], r[1]), y + 3 &* i)
      store(SIMD4(g[1], b[1], r[2], g[2]), y + (3 &* i &+ 4))
      store(SIMD4(b[2], r[3], g[3], b[3]), y + (3 &* i &+ 8))
      i &+= 4
    }
    copy(0, 3, i, count, x, stride, y, 3)
  }

  /// Three-channel pixels to three planes.
  @inlinable @inline(__always)
  static func separate3(
    _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    var i = 0
    while i &+ 4 <= count {
      let (u, v, w) = (load(x + 3 &* i), load(x + (3 &* i &+ 4)), load(x + (3 &* i &+ 8)))
      store(SIMD4(u[0], u[3], v[2], w[1]), y + i)
      store(SIMD4(u[1], v[0], v[3], w[2]), y + (stride &+ i))
      store(SIMD4(u[2], v[1], w[0], w[3]), y + (2 &* stride &+ i))
      i &+= 4
    }
    copy(i, count, 0, 3, x, 3, y, stride)
  }
}
