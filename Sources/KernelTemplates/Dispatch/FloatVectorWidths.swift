// The three register widths. Each member is one concrete operation of the standard library, repeated for each
// width because only the concrete ones become single instructions.

extension SIMD4: FloatVector where Scalar == Float {
  @inlinable @inline(__always) public static var width: Int { 4 }
  @inlinable @inline(__always) public init(bits: SIMD4<Int32>) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) public var bits: SIMD4<Int32> { unsafeBitCast(self, to: SIMD4<Int32>.self) }

  @inlinable @inline(__always)
  public static func isGreater(_ a: Self, _ b: Self) -> SIMD4<Int32> {
    unsafeBitCast(a .> b, to: SIMD4<Int32>.self)
  }

  @inlinable @inline(__always)
  public static func isNaN(_ a: Self) -> SIMD4<Int32> { unsafeBitCast(a .!= a, to: SIMD4<Int32>.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: SIMD4<Int32>, _ yes: Self, _ no: Self) -> Self {
    no.replacing(with: yes, where: unsafeBitCast(mask, to: SIMDMask<SIMD4<Int32>>.self))
  }
}

extension SIMD8: FloatVector where Scalar == Float {
  @inlinable @inline(__always) public static var width: Int { 8 }
  @inlinable @inline(__always) public init(bits: SIMD8<Int32>) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) public var bits: SIMD8<Int32> { unsafeBitCast(self, to: SIMD8<Int32>.self) }

  @inlinable @inline(__always)
  public static func isGreater(_ a: Self, _ b: Self) -> SIMD8<Int32> {
    unsafeBitCast(a .> b, to: SIMD8<Int32>.self)
  }

  @inlinable @inline(__always)
  public static func isNaN(_ a: Self) -> SIMD8<Int32> { unsafeBitCast(a .!= a, to: SIMD8<Int32>.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: SIMD8<Int32>, _ yes: Self, _ no: Self) -> Self {
    no.replacing(with: yes, where: unsafeBitCast(mask, to: SIMDMask<SIMD8<Int32>>.self))
  }
}

extension SIMD16: FloatVector where Scalar == Float {
  @inlinable @inline(__always) public static var width: Int { 16 }
  @inlinable @inline(__always) public init(bits: SIMD16<Int32>) { self = unsafeBitCast(bits, to: Self.self) }
  @inlinable @inline(__always) public var bits: SIMD16<Int32> { unsafeBitCast(self, to: SIMD16<Int32>.self) }

  @inlinable @inline(__always)
  public static func isGreater(_ a: Self, _ b: Self) -> SIMD16<Int32> {
    unsafeBitCast(a .> b, to: SIMD16<Int32>.self)
  }

  @inlinable @inline(__always)
  public static func isNaN(_ a: Self) -> SIMD16<Int32> { unsafeBitCast(a .!= a, to: SIMD16<Int32>.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: SIMD16<Int32>, _ yes: Self, _ no: Self) -> Self {
    no.replacing(with: yes, where: unsafeBitCast(mask, to: SIMDMask<SIMD16<Int32>>.self))
  }
}

// MARK: Integers

extension SIMD4: IntegerVector where Scalar == Int32 {
  @inlinable @inline(__always) public static var width: Int { 4 }

  @inlinable @inline(__always)
  public static func isEqual(_ a: Self, _ b: Self) -> Self { unsafeBitCast(a .== b, to: Self.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: Self, _ yes: Self, _ no: Self) -> Self { (yes & mask) | (no & ~mask) }
}

extension SIMD8: IntegerVector where Scalar == Int32 {
  @inlinable @inline(__always) public static var width: Int { 8 }

  @inlinable @inline(__always)
  public static func isEqual(_ a: Self, _ b: Self) -> Self { unsafeBitCast(a .== b, to: Self.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: Self, _ yes: Self, _ no: Self) -> Self { (yes & mask) | (no & ~mask) }
}

extension SIMD16: IntegerVector where Scalar == Int32 {
  @inlinable @inline(__always) public static var width: Int { 16 }

  @inlinable @inline(__always)
  public static func isEqual(_ a: Self, _ b: Self) -> Self { unsafeBitCast(a .== b, to: Self.self) }

  @inlinable @inline(__always)
  public static func select(_ mask: Self, _ yes: Self, _ no: Self) -> Self { (yes & mask) | (no & ~mask) }
}
