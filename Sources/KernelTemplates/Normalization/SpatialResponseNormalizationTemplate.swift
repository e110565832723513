/// What one row of pixels of the within-map response normalisation needs: s = k + alpha · Σ x² over a window of the
/// same channel, y = x · s^−beta.
public struct ResponsePlane: Sendable {
  /// Floats of a row of pixels, width · channels.
  public let rowCount: Int
  /// Floats between a channel's values in neighbouring pixels: the number of channels.
  public let step: Int
  /// Pixels of the window to the left and right of its own; no more than in the row.
  public let left, right: Int
  public let k, alpha: Float
  public let power: ExponentialTemplate.Power

  public init(width: Int, channels: Int, left: Int, right: Int, k: Float, alpha: Float, beta: Float) {
    rowCount = width * channels
    step = channels
    self.left = left
    self.right = right
    self.k = k
    self.alpha = alpha
    power = ExponentialTemplate.Power(beta: beta)
  }

  /// Floats of scratch that `forward` and `backward` need: zeros on both sides represent missing pixels, and the widest
  /// vector may read past the end.
  public var scratchCount: Int { (left + right) * step + rowCount + 16 }
}

/// Response normalisation over a square window of each map (cuda-convnet's `rnorm`), a row of NHWC pixels at a time: it
/// sums down the window's rows first, then along the row. A channel's neighbours lie `step` floats apart, so vectors
/// run over pixels and channels alike.
public enum SpatialResponseNormalizationTemplate {
  /// One row of outputs. `window` is the first of the `rows` consecutive input rows under the windows of this row;
  /// `scale` receives s for backward if it is not nil. `output` must not overlap the input.
  @inlinable @inline(__always)
  public static func forward<V: FloatVector>(
    _: V.Type, _ p: ResponsePlane, rows: Int, window: UnsafePointer<Float>, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, scale: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    sumRows(V.self, p, before: p.left, after: p.right, rows: rows, window, scratch) { $0 * $0 }
    ElementwiseTemplate.sweep(V.self, p.rowCount) { i, lanes in
      let sum = sumAlong(V.self, p, scratch + i)
      let s = V(repeating: p.k) + V(repeating: p.alpha) * sum
      if let scale { s.store(scale + i, count: lanes) }
      let x = V.load(input + i, count: lanes)
      (x * ResponseNormalizationTemplate.inversePower(s, p.power)).store(output + i, count: lanes)
    }
  }

  /// What backward sums over windows, for `count` floats: direct = g · s^−beta and ratio = direct · x / s. `direct`
  /// may be `g`.
  @inlinable @inline(__always)
  public static func ratios<V: FloatVector>(
    _: V.Type, _ p: ResponsePlane, count: Int, x: UnsafePointer<Float>, s: UnsafePointer<Float>,
    g: UnsafePointer<Float>, direct: UnsafeMutablePointer<Float>, ratio: UnsafeMutablePointer<Float>
  ) {
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let s = V.load(s + i, count: lanes)
      let term = V.load(g + i, count: lanes) * ResponseNormalizationTemplate.inversePower(s, p.power)
      term.store(direct + i, count: lanes)
      (term * V.load(x + i, count: lanes) / s).store(ratio + i, count: lanes)
    }
  }

  /// One row of input gradients, which holds g · s^−beta: dx −= 2 alpha beta x Σ ratio over the windows that contain
  /// the pixel. `window` is the first of `rows` rows of ratios; the window is mirrored, and so are the caller's rows.
  @inlinable @inline(__always)
  public static func backward<V: FloatVector>(
    _: V.Type, _ p: ResponsePlane, rows: Int, window: UnsafePointer<Float>, input: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    sumRows(V.self, p, before: p.right, after: p.left, rows: rows, window, scratch) { $0 }
    let factor = V(repeating: 2 * p.alpha * p.power.beta)
    ElementwiseTemplate.sweep(V.self, p.rowCount) { i, lanes in
      let indirect = factor * V.load(input + i, count: lanes) * sumAlong(V.self, p, scratch + i)
      (V.load(inputGradient + i, count: lanes) - indirect).store(inputGradient + i, count: lanes)
    }
  }

  /// Fills `scratch` with Σ term over `rows` rows, added from first to last, between zeros for `before` and `after`
  /// pixels.
  @inlinable @inline(__always)
  static func sumRows<V: FloatVector>(
    _: V.Type, _ p: ResponsePlane, before: Int, after: Int, rows: Int, _ window: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ term: (V) -> V
  ) {
    let start = before &* p.step
    for i in 0..<start { scratch[i] = 0 }
    for i in (start &+ p.rowCount)..<p.scratchCount { scratch[i] = 0 }
    ElementwiseTemplate.sweep(V.self, p.rowCount) { i, lanes in
      var sum = term(V.load(window + i, count: lanes))
      var row = 1
      while row < rows {
        sum = sum + term(V.load(window + (row &* p.rowCount &+ i), count: lanes))
        row &+= 1
      }
      sum.store(scratch + (start &+ i), count: lanes)
    }
  }

  /// Σ over the window's pixels, the first of which is `first`, added from left to right.
  @inlinable @inline(__always)
  static func sumAlong<V: FloatVector>(_: V.Type, _ p: ResponsePlane, _ first: UnsafePointer<Float>) -> V {
    var sum = V.load(first)
    var pixel = 1
    while pixel <= p.left &+ p.right {
      sum = sum + V.load(first + pixel &* p.step)
      pixel &+= 1
    }
    return sum
  }
}
