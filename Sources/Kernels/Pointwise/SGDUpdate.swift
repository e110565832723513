import KernelTemplates
import Synchronization
import Tensors

/// The hyper-parameters of one parameter's update; the caller has applied the parameter's own multipliers.
public struct SGDHyperparameters: Hashable, Sendable {
  public var learningRate: Float
  public var momentum: Float
  public var weightDecay: Float
  /// η of ``SGDUpdate/Rule/lars``: how far a step may go, as a part of the weights' norm. 0: no rate of its own.
  public var trust: Float

  public init(learningRate: Float, momentum: Float, weightDecay: Float, trust: Float = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trust = trust
  }
}

/// Stochastic gradient descent with momentum and weight decay.
public enum SGDUpdate {
  public enum Rule: Hashable, Sendable {
    /// v := momentum·v − decay·rate·w − rate·g;  w := w + v (2012 paper, section 5).
    case paper
    /// v := momentum·v + (g + decay·w); w := w − rate·v (torch.optim.SGD). The weights differ from those of `paper`
    /// once the rate changes, because here the velocity does not include the rate.
    case pytorch
    /// v := momentum·v + rate·(g + decay·w); w := w − v (Caffe's SGD solver). The same algebra as `paper` with the
    /// velocity's sign flipped, rounded at different points.
    case caffe
    /// Caffe's rule at a rate of the parameter's own (LARS): everything here expects that `localized` has put it into
    /// the hyper-parameters.
    case lars
  }

  /// Updates `count` weights and their velocities in one pass. Not interruptible: a step commits entirely.
  public static func apply(
    count: Int, rule: Rule, hyperparameters: SGDHyperparameters, weights: UnsafeMutablePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, context: ComputeContext
  ) throws {
    let update = block(rule, hyperparameters, context)
    try Elements.forEachBlock(count, context: context, interruptible: false) {
      update($1, weights + $0, velocity + $0, gradient + $0)
    }
  }

  /// Updates some consecutive weights.
  private static func block(
    _ rule: Rule, _ hyperparameters: SGDHyperparameters, _ context: ComputeContext
  ) -> (
    _ count: Int, _ weights: UnsafeMutablePointer<Float>, _ velocity: UnsafeMutablePointer<Float>,
    _ gradient: UnsafePointer<Float>
  ) -> Void {
    let (rate, momentum) = (hyperparameters.learningRate, hyperparameters.momentum)
    let kernel: PointwiseKernels.SGD
    let decay: Float
    switch rule {
    case .paper: (kernel, decay) = (context.kernels.pointwise.sgdPaper, hyperparameters.weightDecay * rate)
    case .pytorch: (kernel, decay) = (context.kernels.pointwise.sgdPyTorch, hyperparameters.weightDecay)
    case .caffe, .lars: (kernel, decay) = (context.kernels.pointwise.sgdCaffe, hyperparameters.weightDecay)
    }
    return { kernel($0, rate, momentum, decay, $1, $2, $3) }
  }
}

/// Bounds on the magnitudes of a parameter's weights and velocities: they tell from the largest gradient, without
/// examining every weight, whether an update could overflow float32.
public struct SGDBounds: Hashable, Sendable {
  public var weights: Double
  public var velocity: Double

  public init(weights: Double, velocity: Double) {
    self.weights = weights
    self.velocity = velocity
  }
}

extension SGDUpdate {
  /// More than float32 can round up in one update.
  private static let rounding = 1 + 0x1p-20

  /// Bounds after an update with gradients of magnitudes up to `gradient`; nil if it might overflow float32.
  public static func bounds(
    after before: SGDBounds, gradient: Float, rule: Rule, hyperparameters: SGDHyperparameters
  ) -> SGDBounds? {
    let (rate, momentum) = (Double(hyperparameters.learningRate), Double(hyperparameters.momentum))
    let slope = Double(gradient) + Double(hyperparameters.weightDecay) * before.weights
    let velocity = rounding * (momentum * before.velocity + (rule == .pytorch ? slope : rate * slope))
    let weights = rounding * (before.weights + (rule == .pytorch ? rate * velocity : velocity))
    let limit = Double(Float.greatestFiniteMagnitude) / 2
    guard slope < limit, velocity < limit, weights < limit else { return nil }
    return SGDBounds(weights: weights, velocity: velocity)
  }

  /// The index of the first weight that would become infinite or NaN in the update, or whose velocity would; writes
  /// nothing.
  public static func firstNonFinite(
    count: Int, rule: Rule, hyperparameters: SGDHyperparameters, weights: UnsafePointer<Float>,
    velocity: UnsafePointer<Float>, gradient: UnsafePointer<Float>, context: ComputeContext
  ) throws -> Int? {
    let (update, find) = (block(rule, hyperparameters, context), context.kernels.pointwise.firstNonFinite)
    let size = Elements.blockCount
    let first = Atomic<Int>(count)
    let bytes = 2 * size * MemoryLayout<Float>.stride
    try context.forEach((count + size - 1) / size, scratchBytes: bytes) { block, scratch in
      let (start, length) = (block &* size, min(size, count &- block &* size))
      let newWeights = scratch.assumingMemoryBound(to: Float.self)
      let newVelocity = newWeights + size
      newWeights.update(from: weights + start, count: length)
      newVelocity.update(from: velocity + start, count: length)
      update(length, newWeights, newVelocity, gradient + start)
      let found = min(find(length, newWeights), find(length, newVelocity))
      if found < length { first.min(start &+ found, ordering: .relaxed) }
    }
    let index = first.load(ordering: .relaxed)
    return index < count ? index : nil
  }
}
