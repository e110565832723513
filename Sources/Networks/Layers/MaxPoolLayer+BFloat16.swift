import Kernels
import Tensors

extension MaxPoolLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    try MaxPooling.forward(
      try shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), input: operands.input, output: operands.output,
      argument: operands.auxiliary?.assumingMemoryBound(to: UInt8.self), context: operands.context)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try MaxPooling.backward(
      try shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), outputGradient: operands.outputGradient,
      argument: operands.auxiliary.assumingMemoryBound(to: UInt8.self), inputGradient: inputGradient,
      context: operands.context)
  }
}
