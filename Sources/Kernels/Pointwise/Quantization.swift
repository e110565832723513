import Tensors

/// How a tensor is held in unsigned bytes: x ≈ scale · (q - zeroPoint), q from 0 to 255 (Jacob et al. 2018, section 2.1).
public struct Quantization: Hashable, Sendable {
  public let scale: Float
  /// The byte that stands for zero, exactly.
  public let zeroPoint: UInt8

  /// - Throws: ``EngineError/invalidValue(_:)`` unless the scale is a normal, finite number > 0 whose inverse is finite.
  public init(scale: Float, zeroPoint: UInt8, operation: String = "quantization") throws {
    guard scale.isNormal, scale > 0, (1 / scale).isNormal else {
      throw EngineError.invalidValue("\(operation): got scale \(scale), expected a normal number > 0")
    }
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// q = round(x / scale) + zeroPoint, ties to even, from 0 to 255. No x is NaN.
  public func quantize(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<UInt8>, context: ComputeContext
  ) throws {
    let (kernel, inverse, zero) = (context.kernels.int8.quantize, 1 / scale, Float(zeroPoint))
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, inverse, zero, output + $0) }
  }

  /// The same for values that may be anything.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a value that is infinite or NaN.
  public func quantizeFinite(
    _ what: String, count: Int, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<UInt8>,
    context: ComputeContext
  ) throws {
    if let index = try Finite.firstNonFinite(count: count, values: input, context: context) {
      throw EngineError.nonFinite(
        "int8: value \(index) of \(what) is \(input[index]), expected finite values, or another precision")
    }
    try quantize(count: count, input: input, output: output, context: context)
  }

  /// x = scale · (q - zeroPoint).
  public func dequantize(
    count: Int, input: UnsafePointer<UInt8>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (kernel, scale, zero) = (context.kernels.int8.dequantize, scale, Float(zeroPoint))
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, scale, zero, output + $0) }
  }
}
