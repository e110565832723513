import CShims

extension Philox {
  /// Four independent standard normal numbers from four words (Box and Muller, 1958). No
  /// result is infinite: the radius is at most √(2·32·ln 2) ≈ 6.7.
  public static func normals(_ words: SIMD4<UInt32>) -> SIMD4<Float> {
    let (a, b) = normalPair(words[0], words[1])
    let (c, d) = normalPair(words[2], words[3])
    return SIMD4(a, b, c, d)
  }

  private static func normalPair(_ first: UInt32, _ second: UInt32) -> (Float, Float) {
    let uniform = (Double(first) + 0.5) * 0x1p-32  // never 0, whose logarithm is infinite
    let radius = (-2 * log(uniform)).squareRoot()
    let angle = 2 * Double.pi * Double(second) * 0x1p-32
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
