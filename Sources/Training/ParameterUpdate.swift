import Kernels
import Networks
import Tensors

/// One parameter's update, ready to be committed: it can no longer fail.
struct ParameterUpdate: PreparedUpdate {
  private let parameter: Parameter
  private let velocity: AlignedBuffer<Float>
  private let gradient: AlignedBuffer<Float>
  private let rule: SGDUpdate.Rule
  private let hyperparameters: SGDHyperparameters
  /// Bounds on the updated weights and velocities; nil if they are close to float32's limit.
  private let bounds: SGDBounds?

  /// - Throws: ``EngineError/nonFinite(_:)`` for a gradient that is not finite, or if the update would make a weight or
  ///   velocity so; ``EngineError/outOfMemory(_:)``, ``EngineError/interrupted``. Nothing has changed then.
  init(
    _ parameter: Parameter, rule: SGDUpdate.Rule, _ hyperparameters: SGDHyperparameters, step: UInt64,
    context: ComputeContext
  ) throws {
    self.parameter = parameter
    self.rule = rule
    gradient = try parameter.makeGradient()
    velocity = try parameter.velocityMemory()
    let advice = "in step \(step); nothing was updated: try a lower learning rate than \(hyperparameters.learningRate)"

    let (count, gradient) = (parameter.count, gradient.pointer)
    let largest = try Finite.largestMagnitude(count: count, values: gradient, context: context)
    guard largest.isFinite else {
      throw EngineError.nonFinite("train_step: the gradient of \(parameter.name) holds \(largest.inWords) \(advice)")
    }
    let localized = try SGDUpdate.localized(
      rule: rule, hyperparameters: hyperparameters, count: count, weights: parameter.value.pointer, gradient: gradient,
      context: context)
    guard let hyperparameters = localized else {
      throw EngineError.nonFinite("train_step: the local rate of \(parameter.name) would overflow float32 \(advice)")
    }
    self.hyperparameters = hyperparameters
    func after(_ known: SGDBounds) -> SGDBounds? {
      SGDUpdate.bounds(after: known, gradient: largest, rule: rule, hyperparameters: hyperparameters)
    }
    // Bounds only grow from step to step: if they have grown too large or are unknown, weights and velocities are
    // examined.
    if let known = parameter.knownBounds, let bounds = after(known) {
      self.bounds = bounds
      return
    }
    bounds = after(try Self.measuredBounds(parameter, velocity, context: context))
    if bounds != nil { return }
    let beyond = try SGDUpdate.firstNonFinite(
      count: count, rule: rule, hyperparameters: hyperparameters, weights: parameter.value.pointer,
      velocity: velocity.pointer, gradient: gradient, context: context)
    if let index = beyond {
      throw EngineError.nonFinite(
        "train_step: a weight of \(parameter.name), \(parameter.value.pointer[index]) with velocity "
          + "\(velocity.pointer[index]) and gradient \(gradient[index]), would overflow float32 \(advice)")
    }
  }

  private static func measuredBounds(
    _ parameter: Parameter, _ velocity: AlignedBuffer<Float>, context: ComputeContext
  ) throws -> SGDBounds {
    func largest(_ values: AlignedBuffer<Float>) throws -> Double {
      Double(try Finite.largestMagnitude(count: values.count, values: values.pointer, context: context))
    }
    return SGDBounds(weights: try largest(parameter.value), velocity: try largest(velocity))
  }

  package func commit(context: ComputeContext) throws {
    // Noted first: whatever happens next, no stale packed copy is used.
    parameter.noteChange()
    try SGDUpdate.apply(
      count: parameter.count, rule: rule, hyperparameters: hyperparameters, weights: parameter.value.pointer,
      velocity: velocity.pointer, gradient: gradient.pointer, context: context)
    parameter.knownBounds = bounds
  }
}
