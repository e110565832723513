import Kernels
import Tensors

extension DenseLayer {
  /// The forward pass with signed-byte weights: those in the cache or, if it cannot keep them, made for this pass only.
  /// - Throws: ``EngineError/nonFinite(_:)`` for weights that are infinite or NaN, ``EngineError/outOfMemory(_:)``.
  func forwardQuantized(_ operands: ForwardOperands, vectors: UnsafePointer<Float>) throws {
    let byteCount = try Dense.quantizedByteCount(inputs: inputShape.count, outputs: bias.count)
    let kept = try operands.weightCache?.form(.int8, of: weight, byteCount: byteCount) { memory in
      try quantize(into: memory, context: operands.context)
    }
    let quantized = try kept ?? quantizedOnce(byteCount: byteCount, context: operands.context)
    try withExtendedLifetime(quantized) {
      try Dense.forward(
        batch: operands.batch, inputs: inputShape.count, outputs: bias.count, input: vectors,
        quantized: UnsafeRawPointer(quantized.pointer), bias: bias.value.pointer, relu: relu, output: operands.output,
        context: operands.context)
    }
  }

  private func quantizedOnce(byteCount: Int, context: ComputeContext) throws -> AlignedBuffer<UInt8> {
    let memory = try AlignedBuffer<UInt8>(count: byteCount, operation: "int8 \(weight.name)")
    try quantize(into: UnsafeMutableRawPointer(memory.pointer), context: context)
    return memory
  }

  private func quantize(into memory: UnsafeMutableRawPointer, context: ComputeContext) throws {
    do {
      try Dense.quantize(
        inputs: inputShape.count, outputs: bias.count, weights: weight.value.pointer, into: memory, context: context)
    } catch let error as EngineError {
      throw error.prefixed("\(weight.name): ")
    }
  }
}
