/// tanh and the logistic function, one pass over `count` floats: the activations ReLU is compared with (2012 paper,
/// section 3.1). The same bits on every instruction set; outputs may be inputs; NaN gives NaN.
public enum SquashingTemplate {
  /// y = tanh x = (1 − e^−2|x|) / (1 + e^−2|x|), with x's sign. Relative error at most 4 ε, even for the smallest
  /// numbers; exactly ±1 from |x| = 9.02 on.
  @inlinable @inline(__always)
  public static func tanhForward<V: FloatVector>(
    _: V.Type, count: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let x = V.load(x + i, count: lanes)
      let sign = x.bits & V.Integers(repeating: .min)
      let magnitude = V(bits: x.bits & V.Integers(repeating: .max))
      let t = ExponentialTemplate.complement(magnitude * V(repeating: -2))
      V(bits: (t / (V(repeating: 2) - t)).bits | sign).store(y + i, count: lanes)
    }
  }

  /// dx = dy · (1 − y²), as a product that keeps its precision where |y| is nearly 1.
  @inlinable @inline(__always)
  public static func tanhBackward<V: FloatVector>(
    _: V.Type, count: Int, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    let one = V(repeating: 1)
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let y = V.load(y + i, count: lanes)
      (V.load(dy + i, count: lanes) * ((one - y) * (one + y))).store(dx + i, count: lanes)
    }
  }

  /// y = 1 / (1 + e^−x), for x < 0 as e^x / (1 + e^x), so that nothing overflows and small results keep their
  /// precision. Relative error at most 4 ε down to x = −87, and one unit of the smallest number below.
  @inlinable @inline(__always)
  public static func sigmoidForward<V: FloatVector>(
    _: V.Type, count: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    let one = V(repeating: 1)
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let x = V.load(x + i, count: lanes)
      let e = ExponentialTemplate.exponential(V(bits: x.bits | V.Integers(repeating: .min)), low: .zero)
      (V.select(V.isGreater(.zero, x), e, one) / (one + e)).store(y + i, count: lanes)
    }
  }

  /// dx = dy · y · (1 − y)
  @inlinable @inline(__always)
  public static func sigmoidBackward<V: FloatVector>(
    _: V.Type, count: Int, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    let one = V(repeating: 1)
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let y = V.load(y + i, count: lanes)
      (V.load(dy + i, count: lanes) * (y * (one - y))).store(dx + i, count: lanes)
    }
  }
}
