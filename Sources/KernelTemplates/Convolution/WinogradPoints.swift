/// The points at which a Winograd method evaluates polynomials: zero, pairs ±a, and infinity. As many as a tile has
/// inputs along one side.
///
/// The functions are the five one-dimensional transforms. Each reads values by their number and writes others by theirs;
/// Bᵀ depends only on the points, so that it serves kernels of all sizes.
public protocol WinogradPoints {
  /// Inputs along one side of a tile.
  static var inputs: Int { get }

  /// The inputs times Bᵀ.
  static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void)

  /// The `taps` of a kernel, 3 or 5, times G.
  static func transformKernel<V: FloatVector>(taps: Int, _ g: (Int) -> V, _ write: (Int, V) -> Void)

  /// As many products as inputs times Aᵀ: `outputs` values.
  static func transformOutput<V: FloatVector>(outputs: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void)

  /// The gradients of the outputs times A.
  static func transformGradient<V: FloatVector>(outputs: Int, _ y: (Int) -> V, _ write: (Int, V) -> Void)

  /// As many products as inputs times Gᵀ: `taps` values.
  static func transformKernelGradient<V: FloatVector>(taps: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void)
}

/// Zero, ±√½, ±√2 and infinity: F(4×4, 3×3) and F(2×2, 5×5). A fifth of the error of the usual ±1 and ±2, because no
/// power of a point is far from 1.
public enum SixPoints: WinogradPoints {
  @inlinable @inline(__always) public static var inputs: Int { 6 }

  @usableFromInline static let rootHalf: Float = 0.70710678118654752
  @usableFromInline static let root2: Float = 1.41421356237309505

  @inlinable @inline(__always)
  public static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void) {
    let (d0, d1, d2, d3, d4, d5) = (d(0), d(1), d(2), d(3), d(4), d(5))
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (even1, odd1) = (d4 - two * d2, V(repeating: rootHalf) * (d3 - two * d1))
    let (even2, odd2) = (d4 - half * d2, V(repeating: root2) * (d3 - half * d1))
    let middle = V(repeating: 2.5)
    write(0, d0 - middle * d2 + d4)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, d1 - middle * d3 + d5)
  }

  @inlinable @inline(__always)
  public static func transformKernel<V: FloatVector>(taps: Int, _ g: (Int) -> V, _ write: (Int, V) -> Void) {
    let (g0, g1, g2) = (g(0), g(1), g(2))
    let (g3, g4) = taps > 3 ? (g(3), g(4)) : (.zero, .zero)
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (first, second) = (V(repeating: -2.0 / 3), V(repeating: 1.0 / 6))
    let even1 = first * (g0 + half * (g2 + half * g4))
    let odd1 = first * (V(repeating: rootHalf) * (g1 + half * g3))
    let even2 = second * (g0 + two * (g2 + two * g4))
    let odd2 = second * (V(repeating: root2) * (g1 + two * g3))
    write(0, g0)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, taps > 3 ? g4 : g2)
  }

  @inlinable @inline(__always)
  public static func transformOutput<V: FloatVector>(outputs: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void) {
    let (m1, m2, m3, m4, m5) = (m(1), m(2), m(3), m(4), m(5))
    let (sum1, difference1) = (m1 + m2, m1 - m2)
    let (sum2, difference2) = (m3 + m4, m3 - m4)
    let y1 = V(repeating: rootHalf) * difference1 + V(repeating: root2) * difference2
    write(0, m(0) + sum1 + sum2)
    guard outputs > 2 else { return write(1, y1 + m5) }
    write(1, y1)
    write(2, V(repeating: 0.5) * sum1 + V(repeating: 2) * sum2)
    write(3, V(repeating: 0.5 * rootHalf) * difference1 + V(repeating: 2 * root2) * difference2 + m5)
  }

  @inlinable @inline(__always)
  public static func transformGradient<V: FloatVector>(outputs: Int, _ y: (Int) -> V, _ write: (Int, V) -> Void) {
    let (y0, y1) = (y(0), y(1))
    let (y2, y3) = outputs > 2 ? (y(2), y(3)) : (.zero, .zero)
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (even1, odd1) = (y0 + half * y2, V(repeating: rootHalf) * (y1 + half * y3))
    let (even2, odd2) = (y0 + two * y2, V(repeating: root2) * (y1 + two * y3))
    write(0, y0)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, outputs > 2 ? y3 : y1)
  }

  @inlinable @inline(__always)
  public static func transformKernelGradient<V: FloatVector>(taps: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void) {
    let (m1, m2, m3, m4, m5) = (m(1), m(2), m(3), m(4), m(5))
    let (first, second) = (V(repeating: -2.0 / 3), V(repeating: 1.0 / 6))
    let (even1, odd1) = (first * (m1 + m2), first * (V(repeating: rootHalf) * (m1 - m2)))
    let (even2, odd2) = (second * (m3 + m4), second * (V(repeating: root2) * (m3 - m4)))
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let g2 = half * even1 + two * even2
    write(0, m(0) + even1 + even2)
    write(1, odd1 + odd2)
    guard taps > 3 else { return write(2, g2 + m5) }
    write(2, g2)
    write(3, half * odd1 + two * odd2)
    write(4, V(repeating: 0.25) * even1 + V(repeating: 4) * even2 + m5)
  }
}

/// Zero, ±½, ±1, ±2 and infinity: F(4×4, 5×5).
public enum EightPoints: WinogradPoints {
  @inlinable @inline(__always) public static var inputs: Int { 8 }

  @inlinable @inline(__always)
  public static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void) {
    let (d0, d1, d2, d3) = (d(0), d(1), d(2), d(3))
    let (d4, d5, d6, d7) = (d(4), d(5), d(6), d(7))
    let (five, four, half) = (V(repeating: 5), V(repeating: 4), V(repeating: 0.5))
    let (even1, odd1) = (d6 - five * d4 + four * d2, half * (d5 - five * d3 + four * d1))
    let middle = V(repeating: 4.25)
    let (even2, odd2) = (d6 - middle * d4 + d2, d5 - middle * d3 + d1)
    let (quarter, narrow, two) = (V(repeating: 0.25), V(repeating: 1.25), V(repeating: 2))
    let (even3, odd3) = (d6 - narrow * d4 + quarter * d2, two * (d5 - narrow * d3 + quarter * d1))
    let wide = V(repeating: 5.25)
    write(0, d0 - wide * d2 + wide * d4 - d6)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, even3 + odd3)
    write(6, even3 - odd3)
    write(7, d7 - wide * d5 + wide * d3 - d1)
  }

  @inlinable @inline(__always)
  public static func transformKernel<V: FloatVector>(taps: Int, _ g: (Int) -> V, _ write: (Int, V) -> Void) {
    let (g0, g1, g2) = (g(0), g(1), g(2))
    let (g3, g4) = taps > 3 ? (g(3), g(4)) : (.zero, .zero)
    let (quarter, four) = (V(repeating: 0.25), V(repeating: 4))
    let (first, second, third) = (V(repeating: 32.0 / 45), V(repeating: -2.0 / 9), V(repeating: 1.0 / 90))
    let even1 = first * (g0 + quarter * (g2 + quarter * g4))
    let odd1 = first * (V(repeating: 0.5) * (g1 + quarter * g3))
    let (even2, odd2) = (second * (g0 + g2 + g4), second * (g1 + g3))
    let even3 = third * (g0 + four * (g2 + four * g4))
    let odd3 = third * (V(repeating: 2) * (g1 + four * g3))
    write(0, g0)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, even3 + odd3)
    write(6, even3 - odd3)
    write(7, taps > 3 ? g4 : g2)
  }

  @inlinable @inline(__always)
  public static func transformOutput<V: FloatVector>(outputs: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void) {
    let (m1, m2, m3, m4) = (m(1), m(2), m(3), m(4))
    let (m5, m6, m7) = (m(5), m(6), m(7))
    let (sum1, sum2, sum3) = (m1 + m2, m3 + m4, m5 + m6)
    let (difference1, difference2, difference3) = (m1 - m2, m3 - m4, m5 - m6)
    write(0, m(0) + sum1 + sum2 + sum3)
    write(1, V(repeating: 0.5) * difference1 + difference2 + V(repeating: 2) * difference3)
    write(2, V(repeating: 0.25) * sum1 + sum2 + V(repeating: 4) * sum3)
    let y3 = V(repeating: 0.125) * difference1 + difference2 + V(repeating: 8) * difference3
    guard outputs > 4 else { return write(3, y3 + m7) }
    write(3, y3)
    write(4, V(repeating: 0.0625) * sum1 + sum2 + V(repeating: 16) * sum3)
    write(5, V(repeating: 0.03125) * difference1 + difference2 + V(repeating: 32) * difference3 + m7)
  }

  @inlinable @inline(__always)
  public static func transformGradient<V: FloatVector>(outputs: Int, _ y: (Int) -> V, _ write: (Int, V) -> Void) {
    let (y0, y1, y2, y3) = (y(0), y(1), y(2), y(3))
    let (y4, y5) = outputs > 4 ? (y(4), y(5)) : (.zero, .zero)
    let (quarter, four) = (V(repeating: 0.25), V(repeating: 4))
    let even1 = y0 + quarter * (y2 + quarter * y4)
    let odd1 = V(repeating: 0.5) * (y1 + quarter * (y3 + quarter * y5))
    let (even2, odd2) = (y0 + y2 + y4, y1 + y3 + y5)
    let even3 = y0 + four * (y2 + four * y4)
    let odd3 = V(repeating: 2) * (y1 + four * (y3 + four * y5))
    write(0, y0)
    write(1, even1 + odd1)
    write(2, even1 - odd1)
    write(3, even2 + odd2)
    write(4, even2 - odd2)
    write(5, even3 + odd3)
    write(6, even3 - odd3)
    write(7, outputs > 4 ? y5 : y3)
  }

  @inlinable @inline(__always)
  public static func transformKernelGradient<V: FloatVector>(taps: Int, _ m: (Int) -> V, _ write: (Int, V) -> Void) {
    let (m1, m2, m3, m4) = (m(1), m(2), m(3), m(4))
    let (m5, m6, m7) = (m(5), m(6), m(7))
    let (first, second, third) = (V(repeating: 32.0 / 45), V(repeating: -2.0 / 9), V(repeating: 1.0 / 90))
    let (even1, odd1) = (first * (m1 + m2), first * (V(repeating: 0.5) * (m1 - m2)))
    let (even2, odd2) = (second * (m3 + m4), second * (m3 - m4))
    let (even3, odd3) = (third * (m5 + m6), third * (V(repeating: 2) * (m5 - m6)))
    let (quarter, four) = (V(repeating: 0.25), V(repeating: 4))
    let g2 = quarter * even1 + even2 + four * even3
    write(0, m(0) + even1 + even2 + even3)
    write(1, odd1 + odd2 + odd3)
    guard taps > 3 else { return write(2, g2 + m7) }
    write(2, g2)
    write(3, quarter * odd1 + odd2 + four * odd3)
    write(4, V(repeating: 0.0625) * even1 + even2 + V(repeating: 16) * even3 + m7)
  }
}
