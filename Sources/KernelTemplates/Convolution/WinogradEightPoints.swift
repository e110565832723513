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
