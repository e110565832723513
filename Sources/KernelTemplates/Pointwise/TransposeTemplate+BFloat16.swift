import Tensors

/// Transposition of a bfloat16 matrix inside a larger one: output[column][row] = input[row][column].
public enum TransposeTemplateBFloat16 {
  @usableFromInline typealias Halves = SIMD8<UInt16>

  /// 8 × 8 tiles go through registers. The last tile of a side overlaps the one before it; only a side shorter than a
  /// tile is copied element by element.
  @inlinable @inline(__always)
  public static func transpose<I: InstructionSet>(
    _: I.Type, rows: Int, columns: Int, input: UnsafePointer<BFloat16>, inputStride: Int,
    output: UnsafeMutablePointer<BFloat16>, outputStride: Int
  ) {
    if rows < 8 || columns < 8 { return copy(rows, columns, input, inputStride, output, outputStride) }
    var column = 0
    while column < columns {
      let c = min(column, columns &- 8)
      var row = 0
      while row < rows {
        let r = min(row, rows &- 8)
        tile(input + (r &* inputStride &+ c), inputStride, output + (c &* outputStride &+ r), outputStride)
        row &+= 8
      }
      column &+= 8
    }
  }

  @inlinable @inline(__always)
  static func copy(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<BFloat16>, _ xStride: Int, _ y: UnsafeMutablePointer<BFloat16>,
    _ yStride: Int
  ) {
    var c = 0
    while c < columns {
      var r = 0
      while r < rows {
        y[c &* yStride &+ r] = x[r &* xStride &+ c]
        r &+= 1
      }
      c &+= 1
    }
  }

  @inlinable @inline(__always)
  static func tile(
    _ x: UnsafePointer<BFloat16>, _ xStride: Int, _ y: UnsafeMutablePointer<BFloat16>, _ yStride: Int
  ) {
    // Three rounds of interleaving: pairs of rows by elements, pairs of pairs by pairs of elements, halves by fours.
    let (a0, a1) = interleave(load(x), load(x + xStride))
    let (b0, b1) = interleave(load(x + 2 &* xStride), load(x + 3 &* xStride))
    let (c0, c1) = interleave(load(x + 4 &* xStride), load(x + 5 &* xStride))
    let (d0, d1) = interleave(load(x + 6 &* xStride), load(x + 7 &* xStride))
    let ((ab0, ab1), (ab2, ab3)) = (interleavePairs(a0, b0), interleavePairs(a1, b1))
    let ((cd0, cd1), (cd2, cd3)) = (interleavePairs(c0, d0), interleavePairs(c1, d1))
    storeFours(ab0, cd0, y, yStride)
    storeFours(ab1, cd1, y + 2 &* yStride, yStride)
    storeFours(ab2, cd2, y + 4 &* yStride, yStride)
    storeFours(ab3, cd3, y + 6 &* yStride, yStride)
  }

  @inlinable @inline(__always)
  static func load(_ source: UnsafePointer<BFloat16>) -> Halves {
    UnsafeRawPointer(source).loadUnaligned(as: Halves.self)
  }

  @inlinable @inline(__always)
  static func interleave(_ a: Halves, _ b: Halves) -> (Halves, Halves) {
    (
      Halves(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]),
      Halves(a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7])
    )
  }

  @inlinable @inline(__always)
  static func interleavePairs(_ a: Halves, _ b: Halves) -> (Halves, Halves) {
    (
      Halves(a[0], a[1], b[0], b[1], a[2], a[3], b[2], b[3]),
      Halves(a[4], a[5], b[4], b[5], a[6], a[7], b[6], b[7])
    )
  }

  /// Two rows of the output: the first four of both vectors, then the last four.
  @inlinable @inline(__always)
  static func storeFours(_ a: Halves, _ b: Halves, _ y: UnsafeMutablePointer<BFloat16>, _ yStride: Int) {
    let first = Halves(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3])
    let second = Halves(a[4], a[5], a[6], a[7], b[4], b[5], b[6], b[7])
    UnsafeMutableRawPointer(y).storeBytes(of: first, as: Halves.self)
    UnsafeMutableRawPointer(y + yStride).storeBytes(of: second, as: Halves.self)
  }
}
