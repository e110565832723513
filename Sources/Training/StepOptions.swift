import Kernels
import Networks
import Tensors

/// The settings of one update: the paper's hyper-parameters and the key of the step's random numbers.
public struct StepOptions: Sendable {
  public var hyperparameters: SGDHyperparameters
  public var rule: SGDUpdate.Rule
  /// Whether biases are updated by Caffe's rule where ``rule`` is LARS.
  public var plainBiases: Bool
  public var dropout: DropoutKey
  /// Without 8-bit weights, which the step refuses.
  public var arithmetic: Arithmetic
  /// The learning rate of every parameter, in the order of ``Networks/Network/parameters``; 0 leaves a parameter
  /// unchanged. nil: the step's own rate times the parameter's factor. So a run need not store its rates in the
  /// network.
  public var rates: [Float]?
  /// The weight decay of every parameter, likewise.
  public var decays: [Float]?
  /// How much every image of the batch counts in the loss: ``Kernels/LossWeights``. nil: all the same.
  public var sampleWeights: [Float]?

  /// The step checks `rates`, `decays` and `sampleWeights`, whose number only a network or a batch knows.
  /// - Parameter trust: η of LARS, which other rules ignore.
  /// - Throws: ``EngineError/invalidValue(_:)`` unless rate and decay are finite and ≥ 0, 0 ≤ momentum < 1, and the
  ///   trust of LARS is finite and above 0.
  public init(
    learningRate: Float, momentum: Float, weightDecay: Float, rule: SGDUpdate.Rule = .paper, trust: Float = 0.001,
    plainBiases: Bool = false, seed: UInt64, step: UInt64, rates: [Float]? = nil, decays: [Float]? = nil,
    sampleWeights: [Float]? = nil, arithmetic: Arithmetic = Arithmetic()
  ) throws {
    try Self.requireRate(learningRate, "train_step: got learning rate")
    guard momentum >= 0, momentum < 1 else {
      throw EngineError.invalidValue("train_step: got momentum \(momentum), expected 0 ≤ momentum < 1")
    }
    try Self.requireRate(weightDecay, "train_step: got weight decay")
    guard rule != .lars || (trust.isFinite && trust > 0) else {
      throw EngineError.invalidValue("train_step: got trust coefficient \(trust), expected a finite number above 0")
    }
    hyperparameters = SGDHyperparameters(
      learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, trust: rule == .lars ? trust : 0)
    try hyperparameters.requireFinite(operation: "train_step")
    (self.rule, self.plainBiases) = (rule, plainBiases)
    dropout = DropoutKey(seed: seed, step: step)
    (self.rates, self.decays, self.sampleWeights) = (rates, decays, sampleWeights)
    self.arithmetic = arithmetic
  }

  /// The hyper-parameters of each parameter's update; nil for one that stays unchanged.
  /// - Throws: ``EngineError/invalidValue(_:)`` for rates or decays of the wrong number, not finite or below 0, and if
  ///   a product overflows float32: ∞ · 0 would become NaN.
  func hyperparameters(of parameters: [Parameter]) throws -> [SGDHyperparameters?] {
    for (name, values) in [("learning rate", rates), ("weight decay", decays)] {
      guard let values else { continue }
      guard values.count == parameters.count else {
        throw EngineError.invalidValue(
          "train_step: got \(values.count) values of \(name), expected \(parameters.count), one per parameter")
      }
      for (parameter, value) in zip(parameters, values) {
        try Self.requireRate(value, "train_step: \(parameter.name): got \(name)")
      }
    }
    return try parameters.enumerated().map { index, parameter in
      guard rates?[index] ?? parameter.rateMultiplier > 0 else { return nil }
      var result = hyperparameters
      result.learningRate = rates?[index] ?? result.learningRate * parameter.rateMultiplier
      result.weightDecay = decays?[index] ?? result.weightDecay * parameter.decayMultiplier
      if plainBiases && parameter.role == .bias { result.trust = 0 }
      try result.requireFinite(operation: "train_step: \(parameter.name)")
      return result
    }
  }

  private static func requireRate(_ value: Float, _ came: String) throws {
    guard value.isFinite, value >= 0 else {
      throw EngineError.invalidValue("\(came) \(value), expected a finite number ≥ 0")
    }
  }
}

/// What a step reports: mean loss of the batch before the update, by the images' weights, and its top-1 error in
/// percent, without them.
public struct StepResult: Sendable {
  public let loss: Double
  public let top1Error: Double
  /// Σ w of the batch; without weights, its number of images.
  public let weight: Double
}

extension SGDHyperparameters {
  func requireFinite(operation: String) throws {
    guard learningRate.isFinite, weightDecay.isFinite, (learningRate * weightDecay).isFinite else {
      throw EngineError.invalidValue(
        "\(operation): learning rate \(learningRate) and weight decay \(weightDecay) overflow float32")
    }
  }
}
