import Kernels
import Tensors

extension DenseLayer: BFloat16LogitsLayer {
  /// A copy of a feature map as vectors; the logits' gradient, rounded.
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory {
    let element = MemoryLayout<BFloat16>.stride
    return LayerMemory(
      auxiliary: inputShape.isVector ? 0 : batch * inputShape.count * element,
      backwardScratch: batch * outputShape.count * element)
  }

  func forward<Output: ActivationElement>(_ operands: TypedForwardOperands<BFloat16, Output>) throws {
    let (inputs, outputs, context) = (inputShape.count, bias.count, operands.context)
    let vectors = try vectors(operands)
    let bytes = try Dense.packedByteCount(inputs: inputs, outputs: outputs, as: BFloat16.self, context: context)
    let packed = try operands.weightCache?.form(.packedBFloat16, of: weight, byteCount: bytes) { memory in
      try Dense.pack(
        inputs: inputs, outputs: outputs, as: BFloat16.self, weights: weight.value.pointer, into: memory,
        context: context)
    }
    try withExtendedLifetime(packed) {
      try Output.dense.forward(
        operands.batch, inputs, outputs, vectors, weight.value.pointer, packed.map { UnsafeRawPointer($0.pointer) },
        bias.value.pointer, relu, operands.output, context)
    }
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, Float>) throws {
    let count = operands.batch * bias.count
    if relu { try operands.reluBackward(count: count) }
    let rounded = operands.scratch.assumingMemoryBound(to: BFloat16.self)
    try BFloat16Conversion.narrow(
      count: count, input: operands.outputGradient, output: rounded, context: operands.context)
    try backward(operands, sumsGradient: rounded)
  }
}
