import Tensors

/// Layer-wise adaptive rate scaling, LARS (You, Gitman & Ginsburg 2017, arXiv:1708.03888, section 4 and algorithm 1):
/// every parameter, weights and biases of a layer apart, has a local rate that keeps its step proportional to its norm.
public enum LayerwiseRate {
  /// λ = η‖w‖ / (‖g‖ + β‖w‖), and 1 where ‖w‖ or ‖g‖ is 0, as in the authors' Caffe; norms in float64, the same for any
  /// number of threads and on every instruction set.
  public static func factor(
    count: Int, trust: Float, weightDecay: Float, weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
    context: ComputeContext
  ) throws -> Double {
    let (weights, gradient) = try norms(count, weights, gradient, context)
    guard weights != 0, gradient != 0 else { return 1 }
    return Double(trust) * weights / (gradient + Double(weightDecay) * weights)
  }

  /// ‖a‖ and ‖b‖: squares of floats cannot overflow in float64.
  private static func norms(
    _ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ context: ComputeContext
  ) throws -> (Double, Double) {
    let (kernel, blocks) = (context.kernels.pointwise.squaredNorm, Elements.blocks(count))
    let sums = try context.shared(bytes: 2 * blocks * MemoryLayout<Double>.stride).assumingMemoryBound(to: Double.self)
    try Elements.forEachBlock(count, context: context) { start, length in
      let block = start / Elements.blockCount
      sums[2 &* block] = kernel(length, a + start)
      sums[2 &* block &+ 1] = kernel(length, b + start)
    }
    if context.rehearses { return (0, 0) }
    var (first, second) = (0.0, 0.0)
    for block in 0..<blocks {
      first += sums[2 &* block]
      second += sums[2 &* block &+ 1]
    }
    return (first.squareRoot(), second.squareRoot())
  }
}

extension SGDUpdate {
  /// The hyper-parameters of a parameter's update: by the rule ``Rule/lars``, with the rate times λ. nil if that
  /// overflows float32 or is NaN.
  public static func localized(
    rule: Rule, hyperparameters: SGDHyperparameters, count: Int, weights: UnsafePointer<Float>,
    gradient: UnsafePointer<Float>, context: ComputeContext
  ) throws -> SGDHyperparameters? {
    guard rule == .lars, hyperparameters.trust > 0 else { return hyperparameters }
    let factor = try LayerwiseRate.factor(
      count: count, trust: hyperparameters.trust, weightDecay: hyperparameters.weightDecay, weights: weights,
      gradient: gradient, context: context)
    var result = hyperparameters
    result.learningRate = Float(Double(result.learningRate) * factor)
    return (result.learningRate * max(1, result.weightDecay)).isFinite ? result : nil
  }
}
