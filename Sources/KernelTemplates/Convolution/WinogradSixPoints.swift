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
