import Kernels
import Tensors

extension DenseLayer {
  /// The forward pass from floats with signed-byte weights.
  /// - Throws: ``EngineError/nonFinite(_:)`` for weights that are infinite or NaN, ``EngineError/outOfMemory(_:)``.
  func forwardQuantized(_ operands: ForwardOperands, vectors: UnsafePointer<Float>) throws {
    let (inputs, outputs) = (inputShape.count, bias.count)
    let byteCount = try Dense.quantizedByteCount(inputs: inputs, outputs: outputs)
    let quantized = try operands.int8Weights(.int8, of: weight, byteCount: byteCount) { memory in
      try Dense.quantize(
        inputs: inputs, outputs: outputs, weights: weight.value.pointer, into: memory, context: operands.context)
    }
    try withExtendedLifetime(quantized) {
      try Dense.forward(
        batch: operands.batch, inputs: inputs, outputs: outputs, input: vectors,
        quantized: UnsafeRawPointer(quantized.pointer), bias: bias.value.pointer, relu: relu, output: operands.output,
        context: operands.context)
    }
  }
}
