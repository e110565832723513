/// Distances of features (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
/// section 3) on lines of contiguous channels, a pixel each: d = Σ w_c (u_c − v_c)², where u = a / (|a| + 1e-10) and v
/// likewise of b.
public enum PerceptualTemplate {
  /// Added to a norm, so that a line of zeros is divided by it and stays zero; lpips' constant.
  @inlinable @inline(__always)
  static var offset: Float { 1e-10 }

  @inlinable @inline(__always)
  static func norm<V: FloatVector>(_: V.Type, _ channels: Int, _ x: UnsafePointer<Float>) -> Float {
    var sum = V.zero
    ElementwiseTemplate.sweep(V.self, channels) { i, lanes in
      let x = V.load(x + i, count: lanes)
      sum = sum + x * x
    }
    return sum.laneSum().squareRoot()
  }

  /// What makes a line's length 1. A norm that overflows gives NaN: as a factor of 0 it would hide behind a distance.
  @inlinable @inline(__always)
  static func factor(_ norm: Float) -> Float { norm.isFinite ? 1 / (norm + offset) : .nan }

  /// Writes each line's d.
  @inlinable @inline(__always)
  public static func distances<V: FloatVector>(
    _: V.Type, channels: Int, lines: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    for line in 0..<lines {
      let (a, b) = (a + line &* channels, b + line &* channels)
      let ofA = V(repeating: factor(norm(V.self, channels, a)))
      let ofB = V(repeating: factor(norm(V.self, channels, b)))
      var sum = V.zero
      ElementwiseTemplate.sweep(V.self, channels) { i, lanes in
        let difference = V.load(a + i, count: lanes) * ofA - V.load(b + i, count: lanes) * ofB
        sum = sum + V.load(weights + i, count: lanes) * difference * difference
      }
      output[line] = sum.laneSum()
    }
  }

  /// ∂(Σ g d)/∂a_j = 2 g (w_j (u_j − v_j) − a_j/|a| · Σ w_c (u_c − v_c) u_c) / (|a| + 1e-10), g one number a line. A line
  /// of zeros, where the norm has no derivative, gets zeros: what the ReLU below would make of any number.
  @inlinable @inline(__always)
  public static func gradients<V: FloatVector>(
    _: V.Type, channels: Int, lines: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>
  ) {
    for line in 0..<lines {
      let at = line &* channels
      let norm = norm(V.self, channels, a + at)
      let target = inputGradient + at
      guard norm != 0 else {
        ElementwiseTemplate.sweep(V.self, channels) { i, lanes in V.zero.store(target + i, count: lanes) }
        continue
      }
      let factorOfA = factor(norm)
      let ofA = V(repeating: factorOfA)
      let ofB = V(repeating: factor(self.norm(V.self, channels, b + at)))
      var sum = V.zero
      ElementwiseTemplate.sweep(V.self, channels) { i, lanes in
        let u = V.load(a + (at &+ i), count: lanes) * ofA
        let weighted = V.load(weights + i, count: lanes) * (u - V.load(b + (at &+ i), count: lanes) * ofB)
        weighted.store(target + i, count: lanes)
        sum = sum + weighted * u
      }
      let along = V(repeating: sum.laneSum() / norm)
      let scale = V(repeating: 2 * outputGradient[line] * factorOfA)
      ElementwiseTemplate.sweep(V.self, channels) { i, lanes in
        let across = V.load(target + i, count: lanes) - V.load(a + (at &+ i), count: lanes) * along
        (scale * across).store(target + i, count: lanes)
      }
    }
  }

  /// Writes factors_c u_c. With factors √w, squared Euclidean distances of such lines are their d.
  @inlinable @inline(__always)
  public static func embedding<V: FloatVector>(
    _: V.Type, channels: Int, lines: Int, a: UnsafePointer<Float>, factors: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>
  ) {
    for line in 0..<lines {
      let at = line &* channels
      let ofA = V(repeating: factor(norm(V.self, channels, a + at)))
      ElementwiseTemplate.sweep(V.self, channels) { i, lanes in
        let u = V.load(a + (at &+ i), count: lanes) * ofA
        (V.load(factors + i, count: lanes) * u).store(output + (at &+ i), count: lanes)
      }
    }
  }
}
