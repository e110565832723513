/// Exponentials and powers on vectors, from additions, multiplications and integer shifts only, so that every
/// instruction set gives the same bits.
public enum ExponentialTemplate {
  /// Adding it to a small float leaves the nearest integer in the low bits: 1.5 · 2^23.
  @inlinable @inline(__always) static var roundingShift: Float { 0x1.8p23 }

  /// e^r for |r| ≤ 0.36: the Taylor polynomial of degree 7; error below 6e-9 from truncation, below 1.2e-7 with
  /// rounding.
  @inlinable @inline(__always)
  static func reduced<V: FloatVector>(_ r: V) -> V { V(repeating: 1) + reducedMinusOne(r) }

  /// e^r − 1 from the same polynomial: without cancellation, and r itself where r² is negligible.
  @inlinable @inline(__always)
  static func reducedMinusOne<V: FloatVector>(_ r: V) -> V {
    var q = V(repeating: 1 / 5040)
    q = q * r + V(repeating: 1 / 720)
    q = q * r + V(repeating: 1 / 120)
    q = q * r + V(repeating: 1 / 24)
    q = q * r + V(repeating: 1 / 6)
    q = q * r + V(repeating: 0.5)
    return r + r * r * q
  }

  /// value · 2^n for integers n in −252 … 252, given as `roundingShift` + n; in two steps, so that subnormal results
  /// are right too.
  @inlinable @inline(__always)
  static func scaled<V: FloatVector>(_ value: V, shiftedExponent: V) -> V {
    let n = shiftedExponent.bits &- V(repeating: roundingShift).bits
    let half = n &>> V.Integers(repeating: 1)
    let bias = V.Integers(repeating: 127)
    let mantissa = V.Integers(repeating: 23)
    return value * V(bits: (half &+ bias) &<< mantissa) * V(bits: (n &- half &+ bias) &<< mantissa)
  }

  /// e^(x + low) for x ≤ 0 (softmax has subtracted the maximum) and a rounding remainder |low| ≤ ulp(x). Error at most
  /// 2 ε, relative down to e^−87, absolute below; −∞ gives 0, NaN gives NaN.
  @inlinable @inline(__always)
  public static func exponential<V: FloatVector>(_ x: V, low: V) -> V {
    let floor = V(repeating: -104)  // e^−104 is less than half of the smallest float
    let below = V.isGreater(floor, x)
    let x = V.select(below, floor, x)
    let low = V.select(V.isGreater(x, floor), low, .zero)
    let (r, shifted) = reduction(x)
    return scaled(reduced(r + low), shiftedExponent: shifted)
  }

  /// x = n · ln 2 + r with |r| ≤ 0.36; n is given as `roundingShift` + n.
  @inlinable @inline(__always)
  static func reduction<V: FloatVector>(_ x: V) -> (r: V, shiftedExponent: V) {
    let shifted = x * V(repeating: 1.442_695_040_9) + V(repeating: roundingShift)
    let n = shifted - V(repeating: roundingShift)
    // ln 2 in two parts; the first has 9 bits, so that its product with n is exact.
    return ((x - n * V(repeating: 0.693_359_375)) - n * V(repeating: -2.121_944_400_5e-4), shifted)
  }

  /// 1 − e^x for x ≤ 0, between 0 and 1, without cancellation: relative error at most 2 ε, even if x and hence the
  /// result is tiny; −∞ gives 1, NaN gives NaN.
  @inlinable @inline(__always)
  static func complement<V: FloatVector>(_ x: V) -> V {
    let floor = V(repeating: -40)  // 1 − e^−40 rounds to 1
    let (r, shifted) = reduction(V.select(V.isGreater(floor, x), floor, x))
    let power = scaled(V(repeating: 1), shiftedExponent: shifted)
    // 1 − 2^n e^r; the first difference is exact for every n whose power of two matters.
    return (V(repeating: 1) - power) - power * reducedMinusOne(r)
  }

  /// An exponent −β split into a 12-bit part, whose product with a float's exponent is exact, and the rest.
  public struct Power: Sendable {
    public let beta, high, low: Float
    /// The exponent used by every published network, which has a faster path.
    public let isThreeQuarters: Bool

    @inlinable
    public init(beta: Float) {
      self.beta = beta
      high = Float(bitPattern: beta.bitPattern & 0xFFFF_F000)
      low = beta - high
      isThreeQuarters = beta == 0.75
    }
  }

  /// s^−0.75 for normal s > 0; 0 for infinity, NaN for NaN. Relative error at most 1.1 ε. Without square
  /// roots and division, which are the slowest instructions of the floating-point units.
  @inlinable @inline(__always)
  static func inverseThreeQuarterPower<V: FloatVector>(_ s: V) -> V {
    // The bits of a float are nearly its logarithm: −¾ of them, with the offset that gives the smallest error, 4.5 %.
    let quarter = s.bits &>> V.Integers(repeating: 2)
    var y = V(bits: V.Integers(repeating: 0x6F14_B560) &- (quarter &+ quarter &+ quarter))
    for _ in 0..<2 {
      // y (1 − r)^−¼ would be the power; the first three terms of its series leave an error of 0.12 r³.
      let root = (s * y) * y
      let r = V(repeating: 1) - (root * s) * root
      y = y + y * (r * (V(repeating: 0.25) + r * V(repeating: 5.0 / 32)))
    }
    return V.select(V.isGreater(s, V(repeating: .greatestFiniteMagnitude)), .zero, y)
  }

  /// s^−β for normal s > 0 and 0 ≤ β ≤ 16. Relative error at most (4 + 3β) ε.
  @inlinable @inline(__always)
  static func inversePower<V: FloatVector>(_ s: V, _ power: Power) -> V {
    // s = 2^e · m with m in [√½, √2): counted from √½, the exponent field is e.
    let e = (s.bits &- V(repeating: 0.707_106_77).bits) &>> V.Integers(repeating: 23)
    let m = V(bits: s.bits &- (e &<< V.Integers(repeating: 23)))
    let exponent =
      V(bits: e &+ V(repeating: roundingShift).bits) - V(repeating: roundingShift)
    // log2 m = (2 / ln 2) · artanh z, z = (m − 1) / (m + 1), |z| ≤ 0.172.
    let z = (m - V(repeating: 1)) / (m + V(repeating: 1))
    let zz = z * z
    var series = V(repeating: 1 / 11)
    series = series * zz + V(repeating: 1 / 9)
    series = series * zz + V(repeating: 1 / 7)
    series = series * zz + V(repeating: 1 / 5)
    series = series * zz + V(repeating: 1 / 3)
    let logarithm = (z + z * zz * series) * V(repeating: 2.885_390_081_8)
    // −β·log2 s = n + rest, with the large parts cancelling exactly.
    let product = V(repeating: power.beta) * (exponent + logarithm)
    let shifted = V(repeating: roundingShift) - product
    let n = shifted - V(repeating: roundingShift)
    let rest =
      ((V(repeating: power.high) * exponent + n) + V(repeating: power.low) * exponent)
      + V(repeating: power.beta) * logarithm
    let value = scaled(reduced(rest * V(repeating: -0.693_147_18)), shiftedExponent: shifted)
    let small = V.select(V.isGreater(V(repeating: -200), n), .zero, value)
    let large = V.select(V.isGreater(n, V(repeating: 200)), V(repeating: .infinity), small)
    // The bits of infinity and NaN are not an exponent: 1/s is 0 and NaN there.
    return V.select(V.isGreater(V(repeating: .infinity), s), large, V(repeating: 1) / s)
  }
}
