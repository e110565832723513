import KernelTemplates
import Tensors

/// What one parameter is updated with; the caller has applied the parameter's own multipliers.
public struct SGDHyperparameters: Hashable, Sendable {
  public var learningRate: Float
  public var momentum: Float
  public var weightDecay: Float

  public init(learningRate: Float, momentum: Float, weightDecay: Float) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }
}

/// Stochastic gradient descent with momentum and weight decay.
public enum SGDUpdate {
  public enum Rule: Hashable, Sendable {
    /// v := momentum·v − decay·rate·w − rate·g;  w := w + v (2012 paper, section 5).
    case paper
    /// v := momentum·v + (g + decay·w);  w := w − rate·v (torch.optim.SGD). Another sequence of weights than
    /// `paper` as soon as the rate changes, because here the velocity does not hold the rate.
    case pytorch
    /// v := momentum·v + rate·(g + decay·w);  w := w − v (Caffe's SGD solver). The same algebra as `paper` with the
    /// velocity's sign turned, rounded elsewhere.
    case caffe
  }

  /// Updates `count` weights and their velocities in one pass. Not interruptible: a step commits whole.
  public static func apply(
    count: Int, rule: Rule, hyperparameters: SGDHyperparameters, weights: UnsafeMutablePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, context: ComputeContext
  ) throws {
    let (rate, momentum) = (hyperparameters.learningRate, hyperparameters.momentum)
    let kernel: PointwiseKernels.SGD
    let decay: Float
    switch rule {
    case .paper: (kernel, decay) = (context.kernels.pointwise.sgdPaper, hyperparameters.weightDecay * rate)
    case .pytorch: (kernel, decay) = (context.kernels.pointwise.sgdPyTorch, hyperparameters.weightDecay)
    case .caffe: (kernel, decay) = (context.kernels.pointwise.sgdCaffe, hyperparameters.weightDecay)
    }
    try Elements.forEachBlock(count, context: context, interruptible: false) {
      kernel($1, rate, momentum, decay, weights + $0, velocity + $0, gradient + $0)
    }
  }
}
