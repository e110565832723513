import Glibc
import Tensors

extension Recipe {
  /// How rates follow the batch size; `scaled` in recipes/scaling.py has the same rules.
  public enum ScalingRule: String, CaseIterable, Sendable {
    /// Rate and weight decay times √k: what theory suggests, "to keep the variance in the gradient expectation
    /// constant" and the whole penalty as it is (Krizhevsky 2014, arXiv:1404.5997, page 5).
    case sqrt
    /// Rate times k, all else as it is: what he found to work in practice (same page).
    case krizhevsky
    /// Rate times k, all else as it is, after a warm-up of 5 epochs from the old rate (Goyal et al. 2017,
    /// arXiv:1706.02677, sections 2.1 and 2.2).
    case goyal
  }

  /// The recipe for another batch size, k times its own.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a batch size below 1, and for schedules that count steps, of which
  ///   an epoch then has another number.
  public func scaled(batchSize: Int, rule: ScalingRule) throws -> Recipe {
    guard batchSize >= 1 else {
      throw EngineError.invalidValue("recipe: got a batch size of \(batchSize), expected at least 1")
    }
    for case .steps? in [schedule, biasSchedule] + groups.map(\.schedule) {
      throw EngineError.invalidValue(
        "recipe: got a schedule that counts steps, of which an epoch has another number with batches of \(batchSize), "
          + "expected one that counts epochs")
    }
    let factor = Double(batchSize) / Double(self.batchSize)
    var result = self
    result.batchSize = batchSize
    switch rule {
    case .sqrt:
      result.learningRate *= factor.squareRoot()
      result.weightDecay *= factor.squareRoot()
    case .krizhevsky: result.learningRate *= factor
    case .goyal:
      result.learningRate *= factor
      if factor > 1 { (result.warmupEpochs, result.warmupStart) = (5, 1 / factor) }
    }
    result.source += "; \(rule.rawValue) for batches of \(batchSize) in place of \(self.batchSize)"
    return result
  }
}
