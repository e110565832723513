/// The sums of one row that the loss needs besides the exponentials.
public struct SoftmaxSums: Sendable {
  /// The largest logit; unspecified if one is NaN.
  public let maximum: Float
  /// Σ e^(z − maximum): at least 1 for finite logits.
  public let sum: Float

  @inlinable
  public init(maximum: Float, sum: Float) {
    self.maximum = maximum
    self.sum = sum
  }
}

public enum SoftmaxTemplate {
  /// Writes e^(z − max z) of one row and returns maximum and sum. A NaN or +∞ makes the sum NaN. The output
  /// may be the input.
  @inlinable @inline(__always)
  public static func exponentials<V: FloatVector>(
    _: V.Type, classes: Int, z: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) -> SoftmaxSums {
    let maximum = maximum(V.self, count: classes, z)
    let m = V(repeating: maximum)
    // Short runs are each summed in a vector and then combined: the error grows with the square root of the count
    // instead of the count.
    let run = 16 &* V.width
    var total = V.zero
    var start = 0
    while start < classes {
      var sum = V.zero
      ElementwiseTemplate.sweep(V.self, min(run, classes &- start)) { i, lanes in
        let x = V.load(z + (start &+ i), count: lanes)
        // x − m and its rounding error, which the exponential would magnify (Knuth's two-sum).
        let difference = x - m
        let back = difference - x
        let lost = (x - (difference - back)) - (m + back)
        let value = ExponentialTemplate.exponential(difference, low: lost)
        value.store(output + (start &+ i), count: lanes)
        sum = sum + (lanes >= V.width ? value : V.load(output + (start &+ i), count: lanes))
      }
      total = total + sum
      start &+= run
    }
    return SoftmaxSums(maximum: maximum, sum: total.laneSum())
  }

  @inlinable @inline(__always)
  static func maximum<V: FloatVector>(_: V.Type, count: Int, _ z: UnsafePointer<Float>) -> Float {
    var maximum = z[0]
    var i = 0
    if count >= V.width {
      var best = V.load(z)
      while i &+ V.width <= count {
        let value = V.load(z + i)
        best = V.select(V.isGreater(value, best), value, best)
        i &+= V.width
      }
      for lane in 0..<V.width where best[lane] > maximum { maximum = best[lane] }
    }
    while i < count {
      if z[i] > maximum { maximum = z[i] }
      i &+= 1
    }
    return maximum
  }
}
