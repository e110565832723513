import Kernels
import Tensors

/// ReLU directly on bfloat16; the saturating functions via float32.
extension ActivationLayer: BFloat16Layer {
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory {
    function == .relu ? LayerMemory() : WideningLayer(layer: self).bfloat16Memory(batch: batch, training: training)
  }

  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    guard function == .relu else { return try WideningLayer(layer: self).forward(operands) }
    try Activation.reluForward(
      count: operands.batch * inputShape.count, input: operands.input, output: operands.output,
      context: operands.context)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    guard function == .relu else { return try WideningLayer(layer: self).backward(operands) }
    guard let inputGradient = operands.inputGradient else { return }
    try operands.reluBackward(count: operands.batch * inputShape.count, into: inputGradient)
  }
}
