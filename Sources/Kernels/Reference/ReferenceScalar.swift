import CShims

/// The number types of the reference kernels: Float to state what the engine promises, Double to check it. Elementary
/// functions are the C library's.
public protocol ReferenceScalar: BinaryFloatingPoint, Sendable {
  static func exponential(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func power(_ x: Self, _ exponent: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
}

extension Float: ReferenceScalar {
  public static func exponential(_ x: Float) -> Float { expf(x) }
  public static func logarithm(_ x: Float) -> Float { logf(x) }
  public static func power(_ x: Float, _ exponent: Float) -> Float { powf(x, exponent) }
  public static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
}

extension Double: ReferenceScalar {
  public static func exponential(_ x: Double) -> Double { exp(x) }
  public static func logarithm(_ x: Double) -> Double { log(x) }
  public static func power(_ x: Double, _ exponent: Double) -> Double { pow(x, exponent) }
  public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}
