/// A float of 16 bits (IEEE 754 binary16) as files hold it: a sign, five exponent bits, ten fraction bits.
///
/// The standard library's `Float16` calls the C compiler's runtime for each number.
struct Half {
  let bits: UInt16

  /// The largest finite number.
  static let largest: Float = 65504

  /// Exponents count from 2⁻¹⁴ here and from 2⁻¹²⁶ in float32; the fractions end 13 bits apart.
  private static let (rebias, shift): (UInt32, UInt32) = (112 << 23, 13)
  /// 2⁻¹⁴, the smallest number that is not subnormal.
  private static let least: Float = 0x1p-14

  init(bits: UInt16) { self.bits = bits }

  /// Rounded to the nearest, ties to even.
  /// - Parameter x: from −65504 to 65504.
  init(_ x: Float) {
    let magnitude = x.bitPattern & 0x7fff_ffff
    let rounded: UInt32
    if magnitude < Self.least.bitPattern {
      // Subnormal: the last bit of numbers from a half to one is 2⁻²⁴, too.
      rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
    } else {
      rounded = (magnitude &- Self.rebias &+ 0xfff &+ magnitude &>> Self.shift & 1) &>> Self.shift
    }
    bits = UInt16(truncatingIfNeeded: x.bitPattern &>> 16 & 0x8000 | rounded)
  }

  /// The number, exactly; infinities and NaNs stay what they are.
  var float: Float {
    let magnitude = UInt32(bits & 0x7fff) &<< Self.shift
    let sign = UInt32(bits & 0x8000) &<< 16
    switch magnitude &>> 23 {
    case 0:
      let subnormal = Float(bitPattern: magnitude | Self.least.bitPattern) - Self.least
      return Float(bitPattern: sign | subnormal.bitPattern)
    case 31: return Float(bitPattern: sign | (magnitude &+ 2 &* Self.rebias))
    default: return Float(bitPattern: sign | (magnitude &+ Self.rebias))
    }
  }
}
