/// Multiply-adds on registers only, which no kernel can outrun: `rounds` times x ← x / 2 + 1 on twelve independent
/// chains, more than any CPU's number of units times cycles of latency.
/// - Parameter values: twelve vectors, where the chains begin and end.
/// - Returns: the floating-point operations done.
@inlinable @inline(__always)
public func multiplyAddChains<V: SIMD>(
  rounds: Int, _ values: UnsafeMutablePointer<Float>, fused: Bool, as: V.Type
) -> Int where V.Scalar == Float {
  let (width, chains) = (V.scalarCount, 12)
  let (half, one) = (V(repeating: 0.5), V(repeating: 1))
  var sums = TileSums<V>()
  sums.forEachRow(chains) { i, x, _, _ in x = load(values + (i &* width), as: V.self) }
  var round = rounds
  while round > 0 {
    sums.forEachRow(chains) { _, x, _, _ in
      var next = one
      multiplyAdd(&next, x, half, fused: fused)
      x = next
    }
    round = round &- 1
  }
  sums.forEachRow(chains) { i, x, _, _ in store(x, values + (i &* width)) }
  return 2 &* chains &* width &* rounds
}
