/// One pass over `count` consecutive floats. In every function the output may be one of the inputs, and nothing is read
/// or written past `count`.
public enum ElementwiseTemplate {
  /// Calls `body(index, lanes)` for whole vectors, where `lanes` is a constant, and once for the rest.
  @inlinable @inline(__always)
  static func sweep<V: FloatVector>(_: V.Type, _ count: Int, _ body: (_ index: Int, _ lanes: Int) -> Void) {
    var i = 0
    while i &+ V.width <= count {
      body(i, V.width)
      i &+= V.width
    }
    if i < count { body(i, count &- i) }
  }

  /// y = x where x > 0 or x is NaN, else +0.
  @inlinable @inline(__always)
  public static func reluForward<V: FloatVector>(
    _: V.Type, count: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    sweep(V.self, count) { i, lanes in
      let x = V.load(x + i, count: lanes)
      V.select(V.isGreater(x, .zero) | V.isNaN(x), x, .zero).store(y + i, count: lanes)
    }
  }

  /// dx = dy where y > 0 or y is NaN, else 0: the gradient at 0 is 0.
  @inlinable @inline(__always)
  public static func reluBackward<V: FloatVector>(
    _: V.Type, count: Int, y: UnsafePointer<Float>, dy: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    sweep(V.self, count) { i, lanes in
      let y = V.load(y + i, count: lanes)
      let dy = V.load(dy + i, count: lanes)
      V.select(V.isGreater(y, .zero) | V.isNaN(y), dy, .zero).store(dx + i, count: lanes)
    }
  }

  /// y = factor · x
  @inlinable @inline(__always)
  public static func scale<V: FloatVector>(
    _: V.Type, count: Int, factor: Float, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    let factor = V(repeating: factor)
    sweep(V.self, count) { i, lanes in (V.load(x + i, count: lanes) * factor).store(y + i, count: lanes) }
  }

  /// y = x / divisor
  @inlinable @inline(__always)
  public static func divide<V: FloatVector>(
    _: V.Type, count: Int, divisor: Float, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    let divisor = V(repeating: divisor)
    sweep(V.self, count) { i, lanes in (V.load(x + i, count: lanes) / divisor).store(y + i, count: lanes) }
  }

  /// sum += x
  @inlinable @inline(__always)
  public static func add<V: FloatVector>(
    _: V.Type, count: Int, x: UnsafePointer<Float>, sum: UnsafeMutablePointer<Float>
  ) {
    sweep(V.self, count) { i, lanes in
      (V.load(sum + i, count: lanes) + V.load(x + i, count: lanes)).store(sum + i, count: lanes)
    }
  }

  /// sum += x / divisor
  @inlinable @inline(__always)
  public static func addQuotient<V: FloatVector>(
    _: V.Type, count: Int, divisor: Float, x: UnsafePointer<Float>, sum: UnsafeMutablePointer<Float>
  ) {
    let divisor = V(repeating: divisor)
    sweep(V.self, count) { i, lanes in
      (V.load(sum + i, count: lanes) + V.load(x + i, count: lanes) / divisor).store(sum + i, count: lanes)
    }
  }

  /// The index of the first infinity or NaN, or `count`.
  @inlinable @inline(__always)
  public static func firstNonFinite<V: FloatVector>(_: V.Type, count: Int, x: UnsafePointer<Float>) -> Int {
    let block = 16 &* V.width
    var start = 0
    while start < count {
      let length = min(block, count &- start)
      // x · 0 is 0 for a finite x and NaN otherwise, and a NaN persists in a sum.
      var sum = V.zero
      sweep(V.self, length) { i, lanes in sum = sum + V.load(x + (start &+ i), count: lanes) * .zero }
      if sum.laneSum() != 0 {
        for i in start..<(start &+ length) where !x[i].isFinite { return i }
      }
      start &+= length
    }
    return count
  }

  /// Σ x² in float64, in eight sums whatever the vector's width: the same bits on every instruction set. The vector only
  /// says for which one this is compiled.
  @inlinable @inline(__always)
  public static func squaredNorm<V: FloatVector>(_: V.Type, count: Int, x: UnsafePointer<Float>) -> Double {
    var sums = SIMD8<Double>.zero
    var i = 0
    while i &+ 8 <= count {
      for lane in 0..<8 { sums[lane] += Double(x[i &+ lane]) * Double(x[i &+ lane]) }
      i &+= 8
    }
    for rest in i..<count { sums[rest &- i] += Double(x[rest]) * Double(x[rest]) }
    var total = 0.0
    for lane in 0..<8 { total += sums[lane] }
    return total
  }

  /// The largest |x|; NaN if some x is NaN.
  @inlinable @inline(__always)
  public static func largestMagnitude<V: FloatVector>(_: V.Type, count: Int, x: UnsafePointer<Float>) -> Float {
    let magnitude = V.Integers(repeating: 0x7fff_ffff)
    var largest = V.zero
    sweep(V.self, count) { i, lanes in
      let x = V(bits: V.load(x + i, count: lanes).bits & magnitude)
      // Nothing is greater than a NaN: once there, it stays.
      largest = V.select(V.isGreater(x, largest) | V.isNaN(x), x, largest)
    }
    var result = largest[0]
    for lane in 1..<V.width where largest[lane] > result || largest[lane].isNaN { result = largest[lane] }
    return result
  }
}
