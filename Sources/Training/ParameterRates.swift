import Networks
import Tensors

/// The learning rate and the weight decay of every parameter, step by step.
///
/// A step multiplies what it is told by factors of each parameter. A run tells it a rate of 1 and sets the factors to
/// the rates themselves: every rate is then computed once, here, in double precision, and rounded once.
struct ParameterRates {
  /// One parameter's part: its own factors, times those of the recipe.
  private struct Plan {
    let parameter: Parameter
    let own: (rate: Float, decay: Float)
    var rate: Double
    var decay: Double
    /// Index into `states`.
    var schedule: Int
  }

  private let learningRate: Double
  private var plans: [Plan] = []
  /// Of the weights, then of the biases, then of each group; a group without a schedule has an idle one.
  private var states: [ScheduleState]

  /// - Throws: ``EngineError/invalidValue(_:)`` for a pattern that matches no parameter, and for schedules that are none.
  init(recipe: Recipe, parameters: [Parameter]) throws {
    for group in recipe.groups where !parameters.contains(where: { group.matches($0.name) }) {
      throw EngineError.invalidValue(
        "fit: the group '\(group.pattern)' of recipe \(recipe.name) matches no parameter; there are "
          + parameters.map(\.name).joined(separator: ", "))
    }
    learningRate = recipe.learningRate
    states = try ([recipe.schedule, recipe.biasSchedule ?? .constant] + recipe.groups.map { $0.schedule ?? .constant })
      .map { try ScheduleState($0) }
    for parameter in parameters {
      var plan = Plan(
        parameter: parameter, own: (parameter.rateMultiplier, parameter.decayMultiplier),
        rate: Double(parameter.rateMultiplier), decay: Double(parameter.decayMultiplier), schedule: 0)
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
  }

  /// The rate of weights that belong to no group.
  func baseRate(at moment: Moment) -> Double { learningRate * states[0].factor(at: moment) }

  /// Sets the factors of all parameters to the rates at `moment`.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a rate that is not finite or below 0.
  func apply(to network: Network, at moment: Moment) throws {
    let rates = states.map { learningRate * $0.factor(at: moment) }
    for plan in plans {
      try network.setMultipliers(
        of: plan.parameter, rate: Float(rates[plan.schedule] * plan.rate), decay: Float(plan.decay))
    }
  }

  /// Gives the parameters their own factors back.
  func restore(_ network: Network) throws {
    for plan in plans { try network.setMultipliers(of: plan.parameter, rate: plan.own.rate, decay: plan.own.decay) }
  }

  mutating func finishEpoch(validationError: Double?) {
    for index in states.indices { states[index].finishEpoch(validationError: validationError) }
  }
}
