import Kernels
import Tensors

/// A function of single elements as a pass of its own; convolution and dense layers usually take ReLU along.
struct ActivationLayer: Layer {
  enum Function {
    /// max(0, x)
    case relu
    /// tanh x: what networks had before ReLU, and what the paper compares ReLU with (Krizhevsky et al. 2012,
    /// section 3.1).
    case tanh
    /// The logistic function 1 / (1 + e^−x), the other saturating activation of the same section.
    case sigmoid
  }

  let function: Function
  let inputShape: FeatureShape
  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try function.forward(
      operands.batch * inputShape.count, operands.input, operands.output, operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try function.backward(
      operands.batch * inputShape.count, operands.output, operands.outputGradient, inputGradient, operands.context)
  }
}

extension ActivationLayer.Function {
  fileprivate typealias Source = UnsafePointer<Float>
  fileprivate typealias Target = UnsafeMutablePointer<Float>

  /// count, input, output
  fileprivate var forward: (Int, Source, Target, ComputeContext) throws -> Void {
    switch self {
    case .relu: return Activation.reluForward
    case .tanh: return Activation.tanhForward
    case .sigmoid: return Activation.sigmoidForward
    }
  }

  /// count, output, output gradient, input gradient
  fileprivate var backward: (Int, Source, Source, Target, ComputeContext) throws -> Void {
    switch self {
    case .relu: return Activation.reluBackward
    case .tanh: return Activation.tanhBackward
    case .sigmoid: return Activation.sigmoidBackward
    }
  }
}
