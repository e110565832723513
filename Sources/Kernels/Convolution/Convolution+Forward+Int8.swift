import KernelTemplates
import Tensors

/// Convolution of bytes: inputs in unsigned bytes of one ``Quantization``, weights in signed bytes with a scale for each
/// output channel, exact sums in Int32. The same bits on every instruction set.
extension Convolution {
  /// Whether the sums of such a convolution fit into Int32.
  public static func fitsInt8(_ shape: ConvolutionShape) -> Bool {
    ConvolutionTiles(forward: shape).innerExtent <= MatrixKernelsInt8.maximumInner
  }

  /// Bytes of the packed weights for a convolution of that shape and any batch size.
  public static func packedByteCount(
    _ shape: ConvolutionShape, as type: Int8.Type, context: ComputeContext
  ) throws -> Int { try weightsInt8(shape, context: context).byteCount() }

  /// Rounds and packs the weights for the forward pass on this context or one like it. `memory` is aligned to a cache
  /// line.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a weight that is infinite or NaN.
  public static func pack(
    _ shape: ConvolutionShape, as type: Int8.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws { try weightsInt8(shape, context: context).pack(weights, into: memory, context: context) }

  /// Writes bytes of `outputQuantization`, rounded once from the exact sums; with `relu`, those of max(0, ·).
  /// - Parameter packed: by ``pack(_:as:weights:into:context:)``.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a bias that is infinite or NaN.
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<UInt8>, inputQuantization: Quantization,
    packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<UInt8>,
    outputQuantization: Quantization, context: ComputeContext
  ) throws {
    let weights = weightsInt8(shape, border: inputQuantization.zeroPoint, context: context)
    try weights.multiply(
      input: input, packed: packed,
      scaling: weights.scaling(from: inputQuantization, to: outputQuantization, packed: packed, bias: bias, relu: relu),
      output: output, by: weights.kernels.requantizeRows, context: context)
  }

  /// Writes floats; with `relu`, their max(0, ·).
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<UInt8>, inputQuantization: Quantization,
    packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let weights = weightsInt8(shape, border: inputQuantization.zeroPoint, context: context)
    try weights.multiply(
      input: input, packed: packed,
      scaling: weights.scaling(from: inputQuantization, packed: packed, bias: bias, relu: relu), output: output,
      by: weights.kernels.dequantizeRows, context: context)
  }

  private static func weightsInt8(
    _ shape: ConvolutionShape, border: UInt8 = 0, context: ComputeContext
  ) -> Int8Weights {
    var tiles = ConvolutionTiles(forward: shape)
    tiles.border = border
    return Int8Weights(tiles: tiles, kernels: context.kernels.int8)
  }
}
