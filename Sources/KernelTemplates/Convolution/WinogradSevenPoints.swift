/// ±3/8, ±7/8, ±7/4 and infinity: F(5×5, 3×3). Without zero and with these pairs the error is half of that with zero,
/// two pairs and one more point, the best of which were tried.
public enum SevenPoints: WinogradPoints {
  @inlinable @inline(__always) public static var inputs: Int { 7 }

  @inlinable @inline(__always)
  public static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void) {
    let (d0, d1, d2, d3, d4, d5, d6) = (d(0), d(1), d(2), d(3), d(4), d(5), d(6))
    // The polynomial with two of the pairs as its roots; times the third's x ± a it has those of all other points.
    @inline(__always) func pair(_ first: Int, _ point: Float, sum: Float, product: Float) {
      let (sum, product) = (V(repeating: sum), V(repeating: product))
      writePair(
        first, V(repeating: point) * (d4 - sum * d2 + product * d0), d5 - sum * d3 + product * d1, write)
    }
    pair(0, 3.0 / 8, sum: 245.0 / 64, product: 2401.0 / 1024)
    pair(2, 7.0 / 8, sum: 205.0 / 64, product: 441.0 / 1024)
    pair(4, 7.0 / 4, sum: 29.0 / 32, product: 441.0 / 4096)
    write(
      6,
      d6 - V(repeating: 127.0 / 32) * d4 + V(repeating: 11809.0 / 4096) * d2 - V(repeating: 21609.0 / 65536) * d0)
  }

  /// - Parameter count: 3 to 5.
  @inlinable @inline(__always)
  public static func evaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    let (c0, c1, c2, c3, c4) = (c(0), c(1), c(2), count > 3 ? c(3) : .zero, count > 4 ? c(4) : .zero)
    @inline(__always) func pair(_ first: Int, _ point: Float, _ factor: Float) {
      let (square, scale) = (V(repeating: point * point), V(repeating: scaled ? factor : 1))
      writePair(
        first, scale * (c0 + square * (c2 + square * c4)), scale * (V(repeating: point) * (c1 + square * c3)), write)
    }
    pair(0, 3.0 / 8, factors.0)
    pair(2, 7.0 / 8, factors.1)
    pair(4, 7.0 / 4, factors.2)
    write(6, c(count &- 1))
  }

  /// - Parameter count: 3 to 5.
  @inlinable @inline(__always)
  public static func transposedEvaluate<V: FloatVector>(
    count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void
  ) {
    @inline(__always) func pair(_ first: Int, _ point: Float, _ factor: Float) -> (even: V, odd: V) {
      let (a, b, scale) = (m(first), m(first &+ 1), V(repeating: scaled ? factor : 1))
      return (scale * (a + b), scale * (V(repeating: point) * (a - b)))
    }
    let (even1, odd1) = pair(0, 3.0 / 8, factors.0)
    let (even2, odd2) = pair(2, 7.0 / 8, factors.1)
    let (even3, odd3) = pair(4, 7.0 / 4, factors.2)
    let (p, q, r) = (V(repeating: 9.0 / 64), V(repeating: 49.0 / 64), V(repeating: 49.0 / 16))
    let (square1, square2, square3) = (p * even1, q * even2, r * even3)
    @inline(__always) func add(_ number: Int, _ sum: V) {
      write(number, number == count &- 1 ? sum + m(6) : sum)
    }
    write(0, even1 + even2 + even3)
    write(1, odd1 + odd2 + odd3)
    add(2, square1 + square2 + square3)
    if count > 3 { add(3, p * odd1 + q * odd2 + r * odd3) }
    if count > 4 { add(4, p * square1 + q * square2 + r * square3) }
  }

  /// Of the pairs in G, 1 / Π (a - b) over all other points b; the sign of the second point's is in the inputs.
  @inlinable @inline(__always)
  static var factors: (Float, Float, Float) {
    (1 / (0.75 * 0.625 * 2.921875), -1 / (1.75 * 0.625 * 2.296875), 1 / (3.5 * 2.921875 * 2.296875))
  }
}
