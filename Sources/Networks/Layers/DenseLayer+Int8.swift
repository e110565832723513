import Kernels
import Tensors

extension DenseLayer: QuantizableLayer {
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)? {
    Dense.fitsInt8(inputs: inputShape.count) ? Int8DenseLayer(dense: self, input: input, output: output) : nil
  }
}

struct Int8DenseLayer: Int8LogitsLayer {
  let dense: DenseLayer
  let input: Quantization
  let output: Quantization

  var layer: any Layer { dense }
  private var map: Dense.Map {
    Dense.Map(pixels: dense.inputShape.height * dense.inputShape.width, channels: dense.inputShape.channels)
  }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    try withWeights(operands) { packed in
      try Dense.forward(
        batch: operands.batch, map, outputs: dense.bias.count, input: operands.input, inputQuantization: input,
        packed: packed, bias: dense.bias.value.pointer, relu: dense.relu, output: operands.output,
        outputQuantization: output, context: operands.context)
    }
  }

  func forward(_ operands: TypedForwardOperands<UInt8, Float>) throws {
    try withWeights(operands) { packed in
      try Dense.forward(
        batch: operands.batch, map, outputs: dense.bias.count, input: operands.input, inputQuantization: input,
        packed: packed, bias: dense.bias.value.pointer, relu: dense.relu, output: operands.output,
        context: operands.context)
    }
  }

  private func withWeights<Output>(
    _ operands: TypedForwardOperands<UInt8, Output>, _ body: (_ packed: UnsafeRawPointer) throws -> Void
  ) throws {
    let (weight, outputs, context) = (dense.weight, dense.bias.count, operands.context)
    let byteCount = try Dense.packedByteCount(map, outputs: outputs, as: Int8.self, context: context)
    let packed = try operands.int8Weights(.packedInt8, of: weight, byteCount: byteCount) { memory in
      try Dense.pack(
        map, outputs: outputs, as: Int8.self, weights: weight.value.pointer, into: memory, context: context)
    }
    try withExtendedLifetime(packed) { try body(UnsafeRawPointer(packed.pointer)) }
  }
}
