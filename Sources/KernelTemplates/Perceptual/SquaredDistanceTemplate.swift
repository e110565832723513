/// Squared Euclidean distances Σ (a_k − b_k)², summed from the differences themselves: those of nearly equal rows lose
/// nothing, as they would in |a|² + |b|² − 2 a·b.
public enum SquaredDistanceTemplate {
  /// Adds the distances of one row from some to `sums`. A pair's bits do not depend on how many there are.
  @inlinable @inline(__always)
  public static func add<V: FloatVector>(
    _: V.Type, count: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, stride: Int, rows: Int,
    sums: UnsafeMutablePointer<Double>
  ) {
    var row = 0
    // Four at a time share the loads of `a` and hide the latency of additions.
    while row &+ 4 <= rows {
      let b = b + row &* stride
      var (sum0, sum1, sum2, sum3) = (V.zero, V.zero, V.zero, V.zero)
      ElementwiseTemplate.sweep(V.self, count) { i, lanes in
        let a = V.load(a + i, count: lanes)
        sum0 = plus(sum0, a - V.load(b + i, count: lanes))
        sum1 = plus(sum1, a - V.load(b + (stride &+ i), count: lanes))
        sum2 = plus(sum2, a - V.load(b + (2 &* stride &+ i), count: lanes))
        sum3 = plus(sum3, a - V.load(b + (3 &* stride &+ i), count: lanes))
      }
      sums[row] += Double(sum0.laneSum())
      sums[row &+ 1] += Double(sum1.laneSum())
      sums[row &+ 2] += Double(sum2.laneSum())
      sums[row &+ 3] += Double(sum3.laneSum())
      row &+= 4
    }
    while row < rows {
      let b = b + row &* stride
      var sum = V.zero
      ElementwiseTemplate.sweep(V.self, count) { i, lanes in
        sum = plus(sum, V.load(a + i, count: lanes) - V.load(b + i, count: lanes))
      }
      sums[row] += Double(sum.laneSum())
      row &+= 1
    }
  }

  @inlinable @inline(__always)
  static func plus<V: FloatVector>(_ sum: V, _ difference: V) -> V { sum + difference * difference }
}
