import Kernels
import Networks
import Tensors

/// What one update of the parameters is told: the paper's hyper-parameters and the key of the step's
/// random numbers.
public struct StepOptions: Sendable {
  public var hyperparameters: SGDHyperparameters
  public var rule: SGDUpdate.Rule
  public var dropout: DropoutKey

  /// - Throws: ``EngineError/invalidValue(_:)`` unless rate and decay are finite and ≥ 0 and 0 ≤ momentum < 1.
  public init(
    learningRate: Float, momentum: Float, weightDecay: Float, rule: SGDUpdate.Rule = .paper, seed: UInt64,
    step: UInt64
  ) throws {
    guard learningRate.isFinite, learningRate >= 0 else {
      throw EngineError.invalidValue("train_step: got learning rate \(learningRate), expected a finite number ≥ 0")
    }
    guard momentum >= 0, momentum < 1 else {
      throw EngineError.invalidValue("train_step: got momentum \(momentum), expected 0 ≤ momentum < 1")
    }
    guard weightDecay.isFinite, weightDecay >= 0 else {
      throw EngineError.invalidValue("train_step: got weight decay \(weightDecay), expected a finite number ≥ 0")
    }
    hyperparameters = SGDHyperparameters(learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
    try hyperparameters.requireFinite(operation: "train_step")
    self.rule = rule
    dropout = DropoutKey(seed: seed, step: step)
  }
}

/// What a step reports: mean loss of the batch before the update, and its top-1 error in percent.
public struct StepResult: Sendable {
  public let loss: Double
  public let top1Error: Double
}

extension SGDHyperparameters {
  func requireFinite(operation: String) throws {
    guard learningRate.isFinite, weightDecay.isFinite, (learningRate * weightDecay).isFinite else {
      throw EngineError.invalidValue(
        "\(operation): learning rate \(learningRate) and weight decay \(weightDecay) overflow float32")
    }
  }
}
