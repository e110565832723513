import Kernels
import Networks
import Tensors

/// What is ready to be committed for one parameter: nothing of it can fail any more.
struct ParameterUpdate {
  private let parameter: Parameter
  private let velocity: AlignedBuffer<Float>
  private let gradient: AlignedBuffer<Float>
  private let rule: SGDUpdate.Rule
  private let hyperparameters: SGDHyperparameters
  /// On the weights and velocities that the update makes; nil where they are near float32's end.
  private let bounds: SGDBounds?

  /// - Throws: ``EngineError/nonFinite(_:)`` for a gradient that is not finite, and where the update would make a weight or
  ///   a velocity so; ``EngineError/outOfMemory(_:)``, ``EngineError/interrupted``. Nothing has changed then.
  init(
    _ parameter: Parameter, rule: SGDUpdate.Rule, _ hyperparameters: SGDHyperparameters, step: UInt64,
    context: ComputeContext
  ) throws {
    self.parameter = parameter
    self.rule = rule
    self.hyperparameters = hyperparameters
    gradient = try parameter.makeGradient()
    velocity = try parameter.velocityMemory()
    let advice = "in step \(step); nothing was updated: try a lower learning rate than \(hyperparameters.learningRate)"

    let (count, gradient) = (parameter.count, gradient.pointer)
    let largest = try Finite.largestMagnitude(count: count, values: gradient, context: context)
    guard largest.isFinite else {
      throw EngineError.nonFinite("train_step: the gradient of \(parameter.name) holds \(largest.inWords) \(advice)")
    }
    func after(_ known: SGDBounds) -> SGDBounds? {
      SGDUpdate.bounds(after: known, gradient: largest, rule: rule, hyperparameters: hyperparameters)
    }
    // Bounds only grow from step to step: where they have grown too far, or nobody knows them, weights and velocities
    // are looked at.
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
          + "\(velocity.pointer[index]) and gradient \(gradient[index]), would leave float32 \(advice)")
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

  func commit(context: ComputeContext) throws {
    // Noted first: whatever happens then, no packed copy passes for the weights.
    parameter.noteChange()
    try SGDUpdate.apply(
      count: parameter.count, rule: rule, hyperparameters: hyperparameters, weights: parameter.value.pointer,
      velocity: velocity.pointer, gradient: gradient.pointer, context: context)
    parameter.knownBounds = bounds
  }
}
