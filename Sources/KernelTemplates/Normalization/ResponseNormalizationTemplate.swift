import CShims

/// What one line of local response normalisation needs: s_i = k + alpha · Σ a_j² over j in
/// i − left … i + right within the line, b_i = a_i · s_i^−beta.
public struct ResponseLine: Sendable {
  /// Channels of the line; windows are clipped at its ends.
  public let length: Int
  public let left, right: Int
  public let k, alpha: Float
  public let power: ExponentialTemplate.Power

  /// A scratch line: zeros, the line's values from `start` on, zeros. Rounded up to the widest vector on any
  /// instruction set, so that the driver can size it.
  public let start, stride: Int
  /// Lines whose scratch is filled before it is read: a vector load that straddles two stores in flight stalls; after
  /// this many lines they have completed.
  public static let blockLines = 8

  public init(length: Int, left: Int, right: Int, k: Float, alpha: Float, beta: Float) {
    self.length = length
    self.left = left
    self.right = right
    self.k = k
    self.alpha = alpha
    power = ExponentialTemplate.Power(beta: beta)
    let widest = 16
    // Either side may be longer: backward uses the mirrored window.
    let reach = (max(left, right) + widest - 1) / widest * widest
    start = reach
    stride = reach + (length + widest - 1) / widest * widest + reach + widest
  }

  /// Floats of scratch that `forward` and `backward` need.
  public var scratchCount: Int { Self.blockLines * stride }
}

/// Local response normalisation across channels (2012 paper, section 3.3), on lines of contiguous channels.
public enum ResponseNormalizationTemplate {
  /// s^−beta for normal s > 0, infinity and NaN.
  @inlinable @inline(__always)
  static func inversePower<V: FloatVector>(_ s: V, _ power: ExponentialTemplate.Power) -> V {
    power.isThreeQuarters
      ? ExponentialTemplate.inverseThreeQuarterPower(s) : ExponentialTemplate.inversePower(s, power)
  }

  /// Σ of scratch[before the current position … after it], added from left to right.
  @inlinable @inline(__always)
  static func window<V: FloatVector>(_: V.Type, _ first: UnsafePointer<Float>, count: Int) -> V {
    if count == 5 {  // every published network with more than one line length
      return V.load(first) + V.load(first + 1) + V.load(first + 2) + V.load(first + 3) + V.load(first + 4)
    }
    var sum = V.load(first)
    var i = 1
    while i < count {
      sum = sum + V.load(first + i)
      i &+= 1
    }
    return sum
  }

  /// `scale` receives s for backward when it is not nil. `scratch` has room for `p.scratchCount` floats.
  @inlinable @inline(__always)
  public static func forward<V: FloatVector>(
    _: V.Type, _ p: ResponseLine, lines: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    scale: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    clear(scratch, p.scratchCount)
    let count = p.left &+ p.right &+ 1
    var block = 0
    while block < lines {
      let end = min(lines, block &+ ResponseLine.blockLines)
      for line in block..<end {
        let x = input + line &* p.length
        let squares = scratch + ((line &- block) &* p.stride &+ p.start)
        ElementwiseTemplate.sweep(V.self, p.length) { i, lanes in
          let x = V.load(x + i, count: lanes)
          (x * x).store(squares + i)
        }
      }
      for line in block..<end {
        let at = line &* p.length
        let squares = scratch + ((line &- block) &* p.stride &+ p.start &- p.left)
        ElementwiseTemplate.sweep(V.self, p.length) { i, lanes in
          let sum = window(V.self, squares + i, count: count)
          let s = V(repeating: p.k) + V(repeating: p.alpha) * sum
          if let scale { s.store(scale + (at &+ i), count: lanes) }
          // The next block comes from memory while this one is computed.
          shim_prefetch_to_l1(input + (at &+ i &+ ResponseLine.blockLines &* p.length))
          let x = V.load(input + (at &+ i), count: lanes)
          (x * inversePower(s, p.power)).store(output + (at &+ i), count: lanes)
        }
      }
      block = end
    }
  }

  /// da_i = g_i s_i^−beta − 2 alpha beta a_i Σ g_j b_j / s_j over the windows j that hold i: the mirrored window.
  /// `inputGradient` may be `outputGradient` but not `input`.
  @inlinable @inline(__always)
  public static func backward<V: FloatVector>(
    _: V.Type, _ p: ResponseLine, lines: Int, input: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    clear(scratch, p.scratchCount)
    let count = p.left &+ p.right &+ 1
    let factor = V(repeating: 2 * p.alpha * p.power.beta)
    var block = 0
    while block < lines {
      let end = min(lines, block &+ ResponseLine.blockLines)
      for line in block..<end {
        let at = line &* p.length
        let ratios = scratch + ((line &- block) &* p.stride &+ p.start)
        ElementwiseTemplate.sweep(V.self, p.length) { i, lanes in
          // The missing lanes of a tail get s = 0 and a NaN ratio; the padding must stay 0.
          let s = V.load(scale + (at &+ i), count: lanes)
          let direct = V.load(outputGradient + (at &+ i), count: lanes) * inversePower(s, p.power)
          direct.store(inputGradient + (at &+ i), count: lanes)
          (direct * V.load(input + (at &+ i), count: lanes) / s).store(ratios + i, count: lanes)
        }
      }
      for line in block..<end {
        let at = line &* p.length
        let ratios = scratch + ((line &- block) &* p.stride &+ p.start &- p.right)
        ElementwiseTemplate.sweep(V.self, p.length) { i, lanes in
          let sum = window(V.self, ratios + i, count: count)
          let indirect = factor * V.load(input + (at &+ i), count: lanes) * sum
          (V.load(inputGradient + (at &+ i), count: lanes) - indirect).store(inputGradient + (at &+ i), count: lanes)
        }
      }
      block = end
    }
  }

  @inlinable @inline(__always)
  static func clear(_ scratch: UnsafeMutablePointer<Float>, _ count: Int) {
    for i in 0..<count { scratch[i] = 0 }
  }
}
