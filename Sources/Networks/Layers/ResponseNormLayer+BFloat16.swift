import Kernels
import Tensors

extension ResponseNormLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    try LocalResponseNormalization.forward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, output: operands.output,
      scale: operands.auxiliary?.assumingMemoryBound(to: Float.self), context: operands.context)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try LocalResponseNormalization.backward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, scale: operands.auxiliary.assumingMemoryBound(to: Float.self),
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
