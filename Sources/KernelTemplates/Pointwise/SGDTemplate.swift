/// Stochastic gradient descent with momentum and weight decay over `count` weights: one pass that reads
/// weights w, velocity v and gradient g and writes w and v.
public enum SGDTemplate {
  /// v := momentum·v − decay·w − rate·g;  w := w + v, where decay = weight decay · rate (2012 paper, section 5).
  @inlinable @inline(__always)
  public static func paper<V: FloatVector>(
    _: V.Type, count: Int, rate: Float, momentum: Float, decay: Float,
    w: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, g: UnsafePointer<Float>
  ) {
    let (rate, momentum, decay) = (V(repeating: rate), V(repeating: momentum), V(repeating: decay))
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let weight = V.load(w + i, count: lanes)
      let velocity =
        momentum * V.load(v + i, count: lanes) - decay * weight - rate * V.load(g + i, count: lanes)
      velocity.store(v + i, count: lanes)
      (weight + velocity).store(w + i, count: lanes)
    }
  }

  /// v := momentum·v + (g + decay·w);  w := w − rate·v, where decay = weight decay (torch.optim.SGD).
  @inlinable @inline(__always)
  public static func pytorch<V: FloatVector>(
    _: V.Type, count: Int, rate: Float, momentum: Float, decay: Float,
    w: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, g: UnsafePointer<Float>
  ) {
    let (rate, momentum, decay) = (V(repeating: rate), V(repeating: momentum), V(repeating: decay))
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let weight = V.load(w + i, count: lanes)
      let velocity =
        momentum * V.load(v + i, count: lanes) + (V.load(g + i, count: lanes) + decay * weight)
      velocity.store(v + i, count: lanes)
      (weight - rate * velocity).store(w + i, count: lanes)
    }
  }

  /// v := momentum·v + rate·(g + decay·w);  w := w − v, where decay = weight decay (Caffe's SGD solver).
  @inlinable @inline(__always)
  public static func caffe<V: FloatVector>(
    _: V.Type, count: Int, rate: Float, momentum: Float, decay: Float,
    w: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, g: UnsafePointer<Float>
  ) {
    let (rate, momentum, decay) = (V(repeating: rate), V(repeating: momentum), V(repeating: decay))
    ElementwiseTemplate.sweep(V.self, count) { i, lanes in
      let weight = V.load(w + i, count: lanes)
      let velocity =
        momentum * V.load(v + i, count: lanes) + rate * (V.load(g + i, count: lanes) + decay * weight)
      velocity.store(v + i, count: lanes)
      (weight - velocity).store(w + i, count: lanes)
    }
  }
}
