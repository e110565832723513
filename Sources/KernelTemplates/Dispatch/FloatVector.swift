/// One register of floats, as the pointwise templates see it. The protocol does not refine `SIMD`: generic code over
/// `SIMD` compares, selects and converts lane by lane, while the operators named here are the concrete ones of each
/// width and become single instructions.
///
/// A comparison gives a mask: integers that are −1 where it holds and 0 elsewhere, as in the CPU itself.
public protocol FloatVector {
  associatedtype Integers: IntegerVector

  static var width: Int { get }
  static var zero: Self { get }
  init(repeating value: Float)
  init(bits: Integers)
  var bits: Integers { get }
  subscript(lane: Int) -> Float { get set }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self

  /// Where a > b; false where either is NaN.
  static func isGreater(_ a: Self, _ b: Self) -> Integers
  /// Where a is NaN.
  static func isNaN(_ a: Self) -> Integers
  static func select(_ mask: Integers, _ yes: Self, _ no: Self) -> Self
}

/// As many 32-bit integers as the float vector has floats.
public protocol IntegerVector {
  static var width: Int { get }
  init(repeating value: Int32)
  subscript(lane: Int) -> Int32 { get set }

  static func &+ (a: Self, b: Self) -> Self
  static func &- (a: Self, b: Self) -> Self
  static func & (a: Self, b: Self) -> Self
  static func | (a: Self, b: Self) -> Self
  static func &<< (a: Self, b: Self) -> Self
  static func &>> (a: Self, b: Self) -> Self

  static func isEqual(_ a: Self, _ b: Self) -> Self
  static func select(_ mask: Self, _ yes: Self, _ no: Self) -> Self
}

extension FloatVector {
  @inlinable @inline(__always)
  public static func load(_ source: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(source).loadUnaligned(as: Self.self)
  }

  @inlinable @inline(__always)
  public func store(_ target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(of: self, as: Self.self)
  }

  /// The first `count` floats, zeros after them; reads nothing past them.
  @inlinable @inline(__always)
  public static func load(_ source: UnsafePointer<Float>, count: Int) -> Self {
    if count >= width { return load(source) }
    var vector = zero
    for lane in 0..<count { vector[lane] = source[lane] }
    return vector
  }

  /// Writes the first `count` lanes and nothing else.
  @inlinable @inline(__always)
  public func store(_ target: UnsafeMutablePointer<Float>, count: Int) {
    if count >= Self.width { return store(target) }
    for lane in 0..<count { target[lane] = self[lane] }
  }

  /// The lanes added from first to last.
  @inlinable @inline(__always)
  public func laneSum() -> Float {
    var total: Float = 0
    for lane in 0..<Self.width { total += self[lane] }
    return total
  }
}

extension IntegerVector {
  /// `count` bytes as integers, zeros after them; reads nothing past them.
  @inlinable @inline(__always)
  public static func load(_ source: UnsafePointer<UInt8>, count: Int) -> Self {
    var vector = Self(repeating: 0)
    if count >= width {
      for lane in 0..<width { vector[lane] = Int32(source[lane]) }
    } else {
      for lane in 0..<count { vector[lane] = Int32(source[lane]) }
    }
    return vector
  }

  /// Writes the low byte of the first `count` lanes.
  @inlinable @inline(__always)
  public func store(_ target: UnsafeMutablePointer<UInt8>, count: Int) {
    if count >= Self.width {
      for lane in 0..<Self.width { target[lane] = UInt8(truncatingIfNeeded: self[lane]) }
    } else {
      for lane in 0..<count { target[lane] = UInt8(truncatingIfNeeded: self[lane]) }
    }
  }
}
