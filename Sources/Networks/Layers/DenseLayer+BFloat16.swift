import Kernels
import Tensors

extension DenseLayer: BFloat16LogitsLayer {
  /// A feature map once more as vectors; the logits' gradient, rounded.
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory {
    let element = MemoryLayout<BFloat16>.stride
    return LayerMemory(
      auxiliary: inputShape.isVector ? 0 : batch * inputShape.count * element,
      backwardScratch: batch * outputShape.count * element)
  }

  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    let input = try vectors(operands)
    try withPackedWeights(operands) { packed in
      try Dense.forward(
        batch: operands.batch, inputs: inputShape.count, outputs: bias.count, input: input,
        weights: weight.value.pointer, packed: packed, bias: bias.value.pointer, relu: relu, output: operands.output,
        context: operands.context)
    }
  }

  func forward(_ operands: TypedForwardOperands<BFloat16, Float>) throws {
    let input = try vectors(operands)
    try withPackedWeights(operands) { packed in
      try Dense.forward(
        batch: operands.batch, inputs: inputShape.count, outputs: bias.count, input: input,
        weights: weight.value.pointer, packed: packed, bias: bias.value.pointer, relu: relu, output: operands.output,
        context: operands.context)
    }
  }

  private func withPackedWeights<Output>(
    _ operands: TypedForwardOperands<BFloat16, Output>, _ body: (UnsafeRawPointer?) throws -> Void
  ) throws {
    let (inputs, outputs, context) = (inputShape.count, bias.count, operands.context)
    let bytes = try Dense.packedByteCount(inputs: inputs, outputs: outputs, as: BFloat16.self, context: context)
    let packed = try operands.weightCache?.form(.packedBFloat16, of: weight, byteCount: bytes) { memory in
      try Dense.pack(
        inputs: inputs, outputs: outputs, as: BFloat16.self, weights: weight.value.pointer, into: memory,
        context: context)
    }
    try withExtendedLifetime(packed) { try body(packed.map { UnsafeRawPointer($0.pointer) }) }
  }

  private func vectors<Output>(
    _ operands: TypedForwardOperands<BFloat16, Output>
  ) throws -> UnsafePointer<BFloat16> {
    guard let auxiliary = operands.auxiliary, !inputShape.isVector else { return operands.input }
    let vectors = auxiliary.assumingMemoryBound(to: BFloat16.self)
    try Layout.nhwcToNCHW(
      batch: operands.batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
      input: operands.input, output: vectors, context: operands.context)
    return UnsafePointer(vectors)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    if relu {
      try Activation.reluBackward(
        count: operands.batch * bias.count, output: operands.output, outputGradient: operands.outputGradient,
        inputGradient: operands.outputGradient, context: operands.context)
    }
    try backward(operands, outputGradient: operands.outputGradient)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, Float>) throws {
    let count = operands.batch * bias.count
    if relu {
      try Activation.reluBackward(
        count: count, output: operands.output, outputGradient: operands.outputGradient,
        inputGradient: operands.outputGradient, context: operands.context)
    }
    let rounded = operands.scratch.assumingMemoryBound(to: BFloat16.self)
    try BFloat16Conversion.narrow(
      count: count, input: operands.outputGradient, output: rounded, context: operands.context)
    try backward(operands, outputGradient: rounded)
  }

  private func backward<Output>(
    _ operands: TypedBackwardOperands<BFloat16, Output>, outputGradient: UnsafePointer<BFloat16>
  ) throws {
    let (batch, context) = (operands.batch, operands.context)
    let (inputs, outputs) = (inputShape.count, bias.count)
    let vectors = operands.auxiliary.assumingMemoryBound(to: BFloat16.self)
    try Dense.backwardFilter(
      batch: batch, inputs: inputs, outputs: outputs,
      input: inputShape.isVector ? operands.input : UnsafePointer(vectors), outputGradient: outputGradient,
      weightGradient: try weight.makeGradient().pointer, biasGradient: try bias.makeGradient().pointer,
      accumulate: operands.accumulate, context: context)
    guard let inputGradient = operands.inputGradient else { return }
    // The kept vectors have served: their memory takes the gradient before it is put back into NHWC.
    try Dense.backwardData(
      batch: batch, inputs: inputs, outputs: outputs, outputGradient: outputGradient, weights: weight.value.pointer,
      inputGradient: inputShape.isVector ? inputGradient : vectors, context: context)
    if !inputShape.isVector {
      try Layout.nchwToNHWC(
        batch: batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
        input: vectors, output: inputGradient, context: context)
    }
  }
}
