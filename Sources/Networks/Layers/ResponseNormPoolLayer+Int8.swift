import Kernels
import Tensors

extension ResponseNormPoolLayer: QuantizableLayer {
  /// - Returns: nil where bytes may stand for infinity.
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)? {
    guard (input.scale * Float(UInt8.max)).isFinite else { return nil }
    return Int8ResponseNormPoolLayer(fused: self, input: input, output: output)
  }
}

/// Computes in float32 between bytes, row by row.
struct Int8ResponseNormPoolLayer: Int8Layer {
  let fused: ResponseNormPoolLayer
  let input: Quantization
  let output: Quantization

  var layer: any Layer { fused }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    try LocalResponseNormalization.forwardPooled(
      try fused.pool.shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), groups: fused.norm.groups,
      parameters: fused.norm.norm, input: operands.input, from: input, output: operands.output, to: output,
      context: operands.context)
  }
}
