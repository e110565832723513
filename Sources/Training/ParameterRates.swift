import Networks
import Tensors

/// The learning rate and the weight decay of every parameter, step by step.
///
/// A step receives all of them, and the network keeps its own factors: every rate is computed here, once, in double
/// precision, and rounded once.
struct ParameterRates {
  /// One parameter's settings: its own factors times the recipe's.
  private struct Plan {
    /// Factors on the recipe's.
    var rate: Double
    var decay: Double
    /// Index into `states`.
    var schedule: Int
  }

  /// The weight decays, in the order of the parameters; constant throughout.
  let decays: [Float]
  private let learningRate: Double
  private let warmUp: WarmUp
  private var plans: [Plan] = []
  /// For the weights, then the biases, then each group; a group without a schedule has an idle one.
  private var states: [ScheduleState]

  /// - Throws: ``EngineError/invalidValue(_:)`` for a pattern that matches no parameter, and for invalid schedules.
  init(recipe: Recipe, parameters: [Parameter], stepsAnEpoch: Int) throws {
    for group in recipe.groups where !parameters.contains(where: { group.matches($0.name) }) {
      throw EngineError.invalidValue(
        "fit: the group '\(group.pattern)' of recipe \(recipe.name) matches no parameter; there are "
          + parameters.map(\.name).joined(separator: ", "))
    }
    learningRate = recipe.learningRate
    warmUp = try WarmUp(recipe: recipe, stepsAnEpoch: stepsAnEpoch)
    states = try ([recipe.schedule, recipe.biasSchedule ?? .constant] + recipe.groups.map { $0.schedule ?? .constant })
      .map { try ScheduleState($0) }
    for parameter in parameters {
      var plan = Plan(rate: Double(parameter.rateMultiplier), decay: Double(parameter.decayMultiplier), schedule: 0)
      if parameter.role == .bias {
        plan.rate *= recipe.biasLearningRate
        plan.decay *= recipe.biasWeightDecay
        if recipe.biasSchedule != nil { plan.schedule = 1 }
      }
      for (index, group) in recipe.groups.enumerated() where group.matches(parameter.name) {
        plan.rate *= group.learningRate
        plan.decay *= group.weightDecay
        if group.schedule != nil { plan.schedule = index + 2 }
      }
      plans.append(plan)
    }
    // A product of float32 numbers, like that of a step's decay and a parameter's factor.
    decays = plans.map { Float(recipe.weightDecay) * Float($0.decay) }
  }

  /// The rate of weights in no group.
  func baseRate(at moment: Moment) -> Double { warmedUp(moment) * states[0].factor(at: moment) }

  private func warmedUp(_ moment: Moment) -> Double { learningRate * warmUp.factor(step: moment.step) }

  /// The learning rates at `moment`, in the order of the parameters.
  func rates(at moment: Moment) -> [Float] {
    let scheduled = states.map { warmedUp(moment) * $0.factor(at: moment) }
    return plans.map { Float(scheduled[$0.schedule] * $0.rate) }
  }

  mutating func finishEpoch(validationError: Double?) {
    for index in states.indices { states[index].finishEpoch(validationError: validationError) }
  }
}
