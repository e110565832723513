import Kernels
import Tensors

extension ConvolutionLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    let (shape, context) = (try self.shape.withBatch(operands.batch), operands.context)
    let bytes = try Convolution.packedByteCount(shape, as: BFloat16.self, context: context)
    let packed = try operands.weightCache?.form(.packedBFloat16, of: weight, byteCount: bytes) {
      try Convolution.pack(shape, as: BFloat16.self, weights: weight.value.pointer, into: $0, context: context)
    }
    try withExtendedLifetime(packed) {
      try Convolution.forward(
        shape, input: operands.input, weights: weight.value.pointer,
        packed: packed.map { UnsafeRawPointer($0.pointer) }, bias: bias.value.pointer, relu: relu,
        output: operands.output, context: context)
    }
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    let shape = try self.shape.withBatch(operands.batch)
    let (gradient, context) = (operands.outputGradient, operands.context)
    if relu {
      try Activation.reluBackward(
        count: operands.batch * outputShape.count, output: operands.output, outputGradient: gradient,
        inputGradient: gradient, context: context)
    }
    let (weightGradient, biasGradient) = (try weight.makeGradient(), try bias.makeGradient())
    if !operands.accumulate {
      weightGradient.zero()
      biasGradient.zero()
    }
    try Convolution.backwardFilter(
      shape, input: operands.input, outputGradient: gradient, weightGradient: weightGradient.pointer,
      biasGradient: biasGradient.pointer, context: context)
    if let inputGradient = operands.inputGradient {
      try Convolution.backwardData(
        shape, outputGradient: gradient, weights: weight.value.pointer, inputGradient: inputGradient,
        context: context)
    }
  }
}
