import Kernels
import Tensors

extension MaxPoolLayer: QuantizableLayer {
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)? {
    Int8MaxPoolLayer(pool: self)
  }

  func quantizationFollowing(_ input: Quantization) -> Quantization? { input }
}

struct Int8MaxPoolLayer: Int8Layer {
  let pool: MaxPoolLayer

  var layer: any Layer { pool }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    try MaxPooling.forward(
      try pool.shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), input: operands.input,
      output: operands.output, context: operands.context)
  }
}
