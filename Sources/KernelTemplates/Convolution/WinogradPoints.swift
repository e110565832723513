/// The points at which a Winograd method evaluates polynomials: zero, pairs ±a, and infinity. As many as a tile has
/// inputs along one side.
///
/// The functions are the one-dimensional transforms. Each reads values by their number and writes others by theirs.
public protocol WinogradPoints {
  /// Inputs along one side of a tile.
  static var inputs: Int { get }

  /// The inputs times Bᵀ, which depends only on the points, so that it serves kernels of all sizes.
  static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void)

  /// The values at all points of the polynomial with `count` coefficients c, at infinity its last: the outputs'
  /// gradients times A, and if `scaled` the taps of a kernel times G.
  static func evaluate<V: FloatVector>(count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void)

  /// The transpose: `count` sums over all points. Products times Aᵀ are outputs; if `scaled`, times Gᵀ the taps'
  /// gradients.
  static func transposedEvaluate<V: FloatVector>(count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void)
}

extension WinogradPoints {
  /// The values at a pair of points, from a polynomial's even and odd part there.
  @inlinable @inline(__always)
  static func writePair<V: FloatVector>(_ first: Int, _ even: V, _ odd: V, _ write: (Int, V) -> Void) {
    write(first, even + odd)
    write(first &+ 1, even - odd)
  }
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
    let (two, half, middle) = (V(repeating: 2), V(repeating: 0.5), V(repeating: 2.5))
    write(0, d0 - middle * d2 + d4)
    writePair(1, d4 - two * d2, V(repeating: rootHalf) * (d3 - two * d1), write)
    writePair(3, d4 - half * d2, V(repeating: root2) * (d3 - half * d1), write)
    write(5, d1 - middle * d3 + d5)
  }

  /// - Parameter count: 2 to 5.
  @inlinable @inline(__always)
  public static func evaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (c0, c1, c2) = (c(0), c(1), count > 2 ? c(2) : .zero)
    let (c3, c4) = (count > 3 ? c(3) : .zero, count > 4 ? c(4) : .zero)
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (first, second) = scales(V.self, scaled)
    write(0, c0)
    writePair(
      1, first * (c0 + half * (c2 + half * c4)), first * (V(repeating: rootHalf) * (c1 + half * c3)), write)
    writePair(
      3, second * (c0 + two * (c2 + two * c4)), second * (V(repeating: root2) * (c1 + two * c3)), write)
    write(5, c(count &- 1))
  }

  /// - Parameter count: 2 to 5.
  @inlinable @inline(__always)
  public static func transposedEvaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (m1, m2, m3, m4) = (m(1), m(2), m(3), m(4))
    let (two, half) = (V(repeating: 2), V(repeating: 0.5))
    let (first, second) = scales(V.self, scaled)
    let (even1, odd1) = (first * (m1 + m2), first * (V(repeating: rootHalf) * (m1 - m2)))
    let (even2, odd2) = (second * (m3 + m4), second * (V(repeating: root2) * (m3 - m4)))
    @inline(__always) func add(_ number: Int, _ sum: V) {
      write(number, number == count &- 1 ? sum + m(5) : sum)
    }
    write(0, m(0) + even1 + even2)
    add(1, odd1 + odd2)
    if count > 2 { add(2, half * even1 + two * even2) }
    if count > 3 { add(3, half * odd1 + two * odd2) }
    if count > 4 { add(4, V(repeating: 0.25) * even1 + V(repeating: 4) * even2) }
  }

  /// The factors of the pairs in G, 1 / Π (a - b) over all other points b.
  @inlinable @inline(__always)
  static func scales<V: FloatVector>(_: V.Type, _ scaled: Bool) -> (V, V) {
    (V(repeating: scaled ? -2.0 / 3 : 1), V(repeating: scaled ? 1.0 / 6 : 1))
  }
}

/// Zero, ±½, ±1, ±2 and infinity: F(4×4, 5×5).
public enum EightPoints: WinogradPoints {
  @inlinable @inline(__always) public static var inputs: Int { 8 }

  @inlinable @inline(__always)
  public static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void) {
    let (d0, d1, d2, d3) = (d(0), d(1), d(2), d(3))
    let (d4, d5, d6, d7) = (d(4), d(5), d(6), d(7))
    let (quarter, half, narrow, two) = (V(repeating: 0.25), V(repeating: 0.5), V(repeating: 1.25), V(repeating: 2))
    let (four, middle, five, wide) = (V(repeating: 4), V(repeating: 4.25), V(repeating: 5), V(repeating: 5.25))
    write(0, d0 - wide * d2 + wide * d4 - d6)
    writePair(1, d6 - five * d4 + four * d2, half * (d5 - five * d3 + four * d1), write)
    writePair(3, d6 - middle * d4 + d2, d5 - middle * d3 + d1, write)
    writePair(5, d6 - narrow * d4 + quarter * d2, two * (d5 - narrow * d3 + quarter * d1), write)
    write(7, d7 - wide * d5 + wide * d3 - d1)
  }

  /// - Parameter count: 4 or 5.
  @inlinable @inline(__always)
  public static func evaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (c0, c1, c2, c3, c4) = (c(0), c(1), c(2), c(3), count > 4 ? c(4) : .zero)
    let (quarter, four) = (V(repeating: 0.25), V(repeating: 4))
    let (first, second, third) = scales(V.self, scaled)
    write(0, c0)
    writePair(
      1, first * (c0 + quarter * (c2 + quarter * c4)), first * (V(repeating: 0.5) * (c1 + quarter * c3)), write)
    writePair(3, second * (c0 + c2 + c4), second * (c1 + c3), write)
    writePair(5, third * (c0 + four * (c2 + four * c4)), third * (V(repeating: 2) * (c1 + four * c3)), write)
    write(7, c(count &- 1))
  }

  /// - Parameter count: 4 or 5.
  @inlinable @inline(__always)
  public static func transposedEvaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (m1, m2, m3, m4, m5, m6) = (m(1), m(2), m(3), m(4), m(5), m(6))
    let (quarter, four) = (V(repeating: 0.25), V(repeating: 4))
    let (first, second, third) = scales(V.self, scaled)
    let (even1, odd1) = (first * (m1 + m2), first * (V(repeating: 0.5) * (m1 - m2)))
    let (even2, odd2) = (second * (m3 + m4), second * (m3 - m4))
    let (even3, odd3) = (third * (m5 + m6), third * (V(repeating: 2) * (m5 - m6)))
    @inline(__always) func add(_ number: Int, _ sum: V) {
      write(number, number == count &- 1 ? sum + m(7) : sum)
    }
    write(0, m(0) + even1 + even2 + even3)
    write(1, odd1 + odd2 + odd3)
    write(2, quarter * even1 + even2 + four * even3)
    add(3, quarter * odd1 + odd2 + four * odd3)
    if count > 4 { add(4, V(repeating: 0.0625) * even1 + even2 + V(repeating: 16) * even3) }
  }

  /// The factors of the pairs in G, 1 / Π (a - b) over all other points b.
  @inlinable @inline(__always)
  static func scales<V: FloatVector>(_: V.Type, _ scaled: Bool) -> (V, V, V) {
    (V(repeating: scaled ? 32.0 / 45 : 1), V(repeating: scaled ? -2.0 / 9 : 1), V(repeating: scaled ? 1.0 / 90 : 1))
  }
}
