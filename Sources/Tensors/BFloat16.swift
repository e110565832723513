/// The upper half of a float32: its sign, its eight bits of exponent and the first seven bits of its fraction, so
/// that the range is float32's and the relative error of rounding at most 2^-8.
///
/// It stores activations and their gradients; all arithmetic is done in float32.
@frozen
public struct BFloat16: BitwiseCopyable, Hashable, Sendable {
  public var bits: UInt16

  @inlinable @inline(__always)
  public init(bits: UInt16) { self.bits = bits }

  /// The nearest, of two equally near ones the even; NaN stays NaN. Values past the largest become infinite.
  @inlinable @inline(__always)
  public init(_ x: Float) {
    let all = x.bitPattern
    let rounded = (all &+ 0x7fff &+ (all &>> 16 & 1)) &>> 16
    // Rounding could carry a NaN's fraction away; its quiet bit stays.
    bits = UInt16(truncatingIfNeeded: x.isNaN ? all &>> 16 | 0x40 : rounded)
  }

  /// The value, exactly.
  @inlinable @inline(__always)
  public var float: Float { Float(bitPattern: UInt32(bits) &<< 16) }
}
