import Kernels
import Tensors

/// tanh x: what networks had before ReLU, and what the paper compares ReLU with (Krizhevsky et al. 2012, section 3.1).
struct TanhLayer: Layer {
  let inputShape: FeatureShape
  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try Activation.tanhForward(
      count: operands.batch * inputShape.count, input: operands.input, output: operands.output,
      context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try Activation.tanhBackward(
      count: operands.batch * inputShape.count, output: operands.output, outputGradient: operands.outputGradient,
      inputGradient: inputGradient, context: operands.context)
  }
}

/// The logistic function 1 / (1 + e^−x), the other saturating activation of the same section.
struct SigmoidLayer: Layer {
  let inputShape: FeatureShape
  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try Activation.sigmoidForward(
      count: operands.batch * inputShape.count, input: operands.input, output: operands.output,
      context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try Activation.sigmoidBackward(
      count: operands.batch * inputShape.count, output: operands.output, outputGradient: operands.outputGradient,
      inputGradient: inputGradient, context: operands.context)
  }
}
