/// The points at which a Winograd method evaluates polynomials: pairs ±a, infinity, and perhaps zero. As many as a tile has
/// inputs along one side.
///
/// The functions are the one-dimensional transforms. Each reads values by their number and writes others by theirs.
public protocol WinogradPoints {
  /// Inputs along one side of a tile.
  static var inputs: Int { get }

  /// The inputs times Bᵀ, which depends only on the points, so that it serves kernels of all sizes.
  static func transformInput<V: FloatVector>(_ d: (Int) -> V, _ write: (Int, V) -> Void)

  /// The values at all points of the polynomial with `count` coefficients c, at infinity its last: the outputs'
  /// gradients times A, and if `scaled` the taps of a kernel times G.
  static func evaluate<V: FloatVector>(count: Int, scaled: Bool, _ c: (Int) -> V, _ write: (Int, V) -> Void)

  /// The transpose: `count` sums over all points. Products times Aᵀ are outputs; if `scaled`, times Gᵀ the taps'
  /// gradients.
  static func transposedEvaluate<V: FloatVector>(count: Int, scaled: Bool, _ m: (Int) -> V, _ write: (Int, V) -> Void)
}

extension WinogradPoints {
  /// The values at a pair of points, from a polynomial's even and odd part there.
  @inlinable @inline(__always)
  static func writePair<V: FloatVector>(_ first: Int, _ even: V, _ odd: V, _ write: (Int, V) -> Void) {
    write(first, even + odd)
    write(first &+ 1, even - odd)
  }
}
