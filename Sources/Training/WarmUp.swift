import Tensors

/// A gradual warm-up (Goyal et al. 2017, arXiv:1706.02677, section 2.2): the rate rises by the same amount in every step.
struct WarmUp {
  private let start: Double
  /// The steps that it takes; need not be whole.
  private let steps: Double

  /// - Throws: ``EngineError/invalidValue(_:)`` for a length or a beginning that is not finite or below 0.
  init(recipe: Recipe, stepsAnEpoch: Int) throws {
    for (name, value) in [("warm-up epochs", recipe.warmupEpochs), ("warm-up start", recipe.warmupStart)] {
      guard value.isFinite, value >= 0 else {
        throw EngineError.invalidValue("fit: got \(name) \(value), expected a finite number of at least 0")
      }
    }
    start = recipe.warmupStart
    steps = recipe.warmupEpochs * Double(stepsAnEpoch)
  }

  /// The factor on all rates in a step, counted from 0 over the run.
  func factor(step: Int) -> Double {
    Double(step) < steps ? start + (1 - start) * (Double(step) / steps) : 1
  }
}
