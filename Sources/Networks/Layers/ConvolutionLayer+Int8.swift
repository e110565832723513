import Kernels
import Tensors

extension ConvolutionLayer: QuantizableLayer {
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)? {
    Convolution.fitsInt8(shape) ? Int8ConvolutionLayer(convolution: self, input: input, output: output) : nil
  }
}

struct Int8ConvolutionLayer: Int8LogitsLayer {
  let convolution: ConvolutionLayer
  let input: Quantization
  let output: Quantization

  var layer: any Layer { convolution }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    try withWeights(operands) { shape, packed in
      try Convolution.forward(
        shape, input: operands.input, inputQuantization: input, packed: packed, bias: convolution.bias.value.pointer,
        relu: convolution.relu, output: operands.output, outputQuantization: output, context: operands.context)
    }
  }

  func forward(_ operands: TypedForwardOperands<UInt8, Float>) throws {
    try withWeights(operands) { shape, packed in
      try Convolution.forward(
        shape, input: operands.input, inputQuantization: input, packed: packed, bias: convolution.bias.value.pointer,
        relu: convolution.relu, output: operands.output, context: operands.context)
    }
  }

  private func withWeights<Output>(
    _ operands: TypedForwardOperands<UInt8, Output>,
    _ body: (_ shape: ConvolutionShape, _ packed: UnsafeRawPointer) throws -> Void
  ) throws {
    let (shape, context) = (try convolution.shape.withBatch(operands.batch), operands.context)
    let (weight, byteCount) = (
      convolution.weight, try Convolution.packedByteCount(shape, as: Int8.self, context: context)
    )
    let packed = try operands.int8Weights(.packedInt8, of: weight, byteCount: byteCount) { memory in
      try Convolution.pack(shape, as: Int8.self, weights: weight.value.pointer, into: memory, context: context)
    }
    try withExtendedLifetime(packed) { try body(shape, UnsafeRawPointer(packed.pointer)) }
  }
}
