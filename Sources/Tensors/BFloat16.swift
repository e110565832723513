/// The upper half of a float32: its sign, its eight exponent bits and the first seven fraction bits, so that the range
/// is float32's and the relative rounding error at most 2^-8.
///
/// It stores activations and their gradients; all arithmetic is done in float32.
@frozen
public struct BFloat16: BitwiseCopyable, Hashable, Sendable {
  public var bits: UInt16

  @inlinable @inline(__always)
  public init(bits: UInt16) { self.bits = bits }

  /// Rounded to the nearest, ties to even; NaN stays NaN. Values beyond the largest become infinite.
  @inlinable @inline(__always)
  public init(_ x: Float) {
    let all = x.bitPattern
    let rounded = (all &+ 0x7fff &+ (all &>> 16 & 1)) &>> 16
    // Rounding could clear a NaN's fraction; its quiet bit is kept.
    bits = UInt16(truncatingIfNeeded: x.isNaN ? all &>> 16 | 0x40 : rounded)
  }

  /// The value, exactly.
  @inlinable @inline(__always)
  public var float: Float { Float(bitPattern: UInt32(bits) &<< 16) }
}
