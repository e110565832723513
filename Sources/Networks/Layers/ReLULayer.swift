import Kernels
import Tensors

/// max(0, x) as a pass of its own; convolution and dense layers usually take it along.
struct ReLULayer: Layer {
  let inputShape: FeatureShape
  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try Activation.reluForward(
      count: operands.batch * inputShape.count, input: operands.input, output: operands.output,
      context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try Activation.reluBackward(
      count: operands.batch * inputShape.count, output: operands.output, outputGradient: operands.outputGradient,
      inputGradient: inputGradient, context: operands.context)
  }
}
