import CShims

/// The sums of one tile, up to fourteen rows of three vectors each.
///
/// Named fields and not an array: a loop over an array's elements is not unrolled early enough for the optimiser to
/// keep them in registers. `rows` is a constant wherever a template is called, so the comparisons are optimised away.
@frozen
public struct TileSums<V: SIMD> {
  @usableFromInline var a0 = V(), a1 = V(), a2 = V(), a3 = V(), a4 = V(), a5 = V()
  @usableFromInline var a6 = V(), a7 = V(), a8 = V(), a9 = V(), a10 = V(), a11 = V(), a12 = V(), a13 = V()
  @usableFromInline var b0 = V(), b1 = V(), b2 = V(), b3 = V(), b4 = V(), b5 = V()
  @usableFromInline var b6 = V(), b7 = V(), b8 = V(), b9 = V(), b10 = V(), b11 = V(), b12 = V(), b13 = V()
  @usableFromInline var c0 = V(), c1 = V(), c2 = V(), c3 = V(), c4 = V(), c5 = V()
  @usableFromInline var c6 = V(), c7 = V(), c8 = V(), c9 = V(), c10 = V(), c11 = V(), c12 = V(), c13 = V()

  @inlinable @inline(__always)
  public init() {}

  /// Calls `body` with each row's number and its three vectors.
  @inlinable @inline(__always)
  public mutating func forEachRow(
    _ rows: Int, _ body: (_ row: Int, _ a: inout V, _ b: inout V, _ c: inout V) -> Void
  ) {
    if rows > 0 { body(0, &a0, &b0, &c0) }
    if rows > 1 { body(1, &a1, &b1, &c1) }
    if rows > 2 { body(2, &a2, &b2, &c2) }
    if rows > 3 { body(3, &a3, &b3, &c3) }
    if rows > 4 { body(4, &a4, &b4, &c4) }
    if rows > 5 { body(5, &a5, &b5, &c5) }
    if rows > 6 { body(6, &a6, &b6, &c6) }
    if rows > 7 { body(7, &a7, &b7, &c7) }
    if rows > 8 { body(8, &a8, &b8, &c8) }
    if rows > 9 { body(9, &a9, &b9, &c9) }
    if rows > 10 { body(10, &a10, &b10, &c10) }
    if rows > 11 { body(11, &a11, &b11, &c11) }
    if rows > 12 { body(12, &a12, &b12, &c12) }
    if rows > 13 { body(13, &a13, &b13, &c13) }
  }
}

/// sum + a · b; `fused` (a constant) says whether the instruction set does this in one instruction: otherwise
/// `addProduct` would become a library call per lane.
@inlinable @inline(__always)
func multiplyAdd<V: SIMD>(_ sum: inout V, _ a: V, _ b: V, fused: Bool) where V.Scalar == Float {
  if fused { sum.addProduct(a, b) } else { sum += a * b }
}

/// The same for one lane: elements that do not fill a vector get the same bits as in one.
@inlinable @inline(__always)
func multiplyAdd(_ sum: inout Float, _ a: Float, _ b: Float, fused: Bool) {
  if fused { sum.addProduct(a, b) } else { sum += a * b }
}

@inlinable @inline(__always)
public func load<V: SIMD>(_ pointer: UnsafePointer<Float>, as type: V.Type) -> V where V.Scalar == Float {
  UnsafeRawPointer(pointer).loadUnaligned(as: type)
}

@inlinable @inline(__always)
public func store<V: SIMD>(_ vector: V, _ pointer: UnsafeMutablePointer<Float>) where V.Scalar == Float {
  UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: V.self)
}

/// Prefetches what a tile reads of a panel some steps later, as many bytes as it reads in one. With three rows and more
/// the products that wait for the panel fill the processor's queue before it has asked memory for enough lines; with
/// fewer it asks early enough.
@inlinable @inline(__always)
func prefetchPanel(_ panel: UnsafeRawPointer, bytes: Int, rows: Int) {
  guard rows > 2 else { return }
  var offset = 0
  while offset < bytes {
    shim_prefetch_to_l1(panel + (4096 &+ offset))
    offset = offset &+ 64
  }
}
