/// Zero, ±1, ±5/3, ½ and infinity: F(5×5, 3×3). Of the points that were tried, with ½ and two pairs, these have the
/// smallest error.
public enum SevenPoints: WinogradPoints {
  @inlinable @inline(__always) public static var inputs: Int { 7 }

  /// The square of the second pair; that of the first is 1.
  @usableFromInline static let square: Float = 25.0 / 9
  @usableFromInline static let root: Float = 5.0 / 3

  @inlinable @inline(__always)
  public static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void) {
    let half = V(repeating: 0.5)
    let (d0, d1, d2, d3, d4, d5, d6) = (d(0), d(1), d(2), d(3), d(4), d(5), d(6))
    // The polynomials of all points but ½ and zero have the factor x - ½.
    let (w0, w1, w2) = (d1 - half * d0, d2 - half * d1, d3 - half * d2)
    let (w3, w4, w5) = (d4 - half * d3, d5 - half * d4, d6 - half * d5)
    let (product, sum) = (V(repeating: square), V(repeating: 1 + square))
    write(0, w4 - sum * w2 + product * w0)
    writePair(1, w4 - product * w2, w3 - product * w1, write)
    writePair(3, w4 - w2, V(repeating: root) * (w3 - w1), write)
    write(5, d5 - sum * d3 + product * d1)
    write(6, w5 - sum * w3 + product * w1)
  }

  /// - Parameter count: 3 to 5.
  @inlinable @inline(__always)
  public static func evaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (c0, c1, c2, c3, c4) = (c(0), c(1), c(2), count > 3 ? c(3) : .zero, count > 4 ? c(4) : .zero)
    let (half, product) = (V(repeating: 0.5), V(repeating: square))
    @inline(__always) func scale(_ point: Int, _ value: V) {
      write(point, scaled ? V(repeating: factor(point)) * value : value)
    }
    scale(0, c0)
    writePair(1, c0 + c2 + c4, c1 + c3, scale)
    writePair(3, c0 + product * (c2 + product * c4), V(repeating: root) * (c1 + product * c3), scale)
    scale(5, c0 + half * (c1 + half * (c2 + half * (c3 + half * c4))))
    write(6, c(count &- 1))
  }

  /// - Parameter count: 3 to 5.
  @inlinable @inline(__always)
  public static func transposedEvaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    @inline(__always) func scale(_ point: Int) -> V { scaled ? V(repeating: factor(point)) * m(point) : m(point) }
    let (m1, m2, m3, m4, m5) = (scale(1), scale(2), scale(3), scale(4), scale(5))
    let product = V(repeating: square)
    let (even1, odd1) = (m1 + m2, m1 - m2)
    let (even2, odd2) = (m3 + m4, V(repeating: root) * (m3 - m4))
    @inline(__always) func add(_ number: Int, _ sum: V) {
      write(number, number == count &- 1 ? sum + m(6) : sum)
    }
    write(0, scale(0) + even1 + even2 + m5)
    write(1, odd1 + odd2 + V(repeating: 0.5) * m5)
    add(2, even1 + product * even2 + V(repeating: 0.25) * m5)
    if count > 3 { add(3, odd1 + product * odd2 + V(repeating: 0.125) * m5) }
    if count > 4 { add(4, even1 + product * (product * even2) + V(repeating: 0.0625) * m5) }
  }

  /// In G, 1 / Π (a - b) over all other points b.
  @inlinable @inline(__always)
  static func factor(_ point: Int) -> Float {
    switch point {
    case 0: -18.0 / 25
    case 1: -9.0 / 16
    case 2: 3.0 / 16
    case 3: 243.0 / 2800
    case 4: -243.0 / 5200
    default: 96.0 / 91
    }
  }
}
