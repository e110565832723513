/// Recipes as text, for other languages: one setting per line, in the terms of the Python package, which reads it.
/// Settings that are nil have no line; numbers read back exactly.
///
///     name cifar-80sec
///     batch_size 128
///     schedule epochs boundaries=8 factor=0.1
///     group fc*.weight learning_rate=1.0 weight_decay=7.5
extension Recipe {
  public var text: String {
    var lines = [
      "name \(name)", "batch_size \(batchSize)", "learning_rate \(learningRate)", "momentum \(momentum)",
      "weight_decay \(weightDecay)", "schedule \(schedule.text)", "epochs \(epochs)", "rule \(rule)",
      "trust_coefficient \(trustCoefficient)", "lars_biases \(larsBiases ? 1 : 0)", "warmup_epochs \(warmupEpochs)",
      "warmup_start \(warmupStart)",
      "bias_learning_rate \(biasLearningRate)", "bias_weight_decay \(biasWeightDecay)",
    ]
    if let biasSchedule { lines.append("bias_schedule \(biasSchedule.text)") }
    lines += groups.map { "group \($0.text)" }
    lines += ["crop \(crop ? 1 : 0)", "flip \(flip ? 1 : 0)", "color_noise \(colorNoise)"]
    if let colorNoiseEpochs { lines.append("color_noise_epochs \(colorNoiseEpochs)") }
    lines += ["color_divisor \(colorDivisor)", "chunk \(chunk)", "rotation \(rotation)", "shift \(shift)"]
    if let scale { lines.append("scale \(scale.lowerBound) \(scale.upperBound)") }
    return lines.joined(separator: "\n") + "\nsource \(source)\n"
  }
}

extension ParameterGroup {
  /// The schedule comes last: it has its own fields.
  fileprivate var text: String {
    "\(pattern) learning_rate=\(learningRate) weight_decay=\(weightDecay)\(schedule.map { " schedule \($0.text)" } ?? "")"
  }
}

extension Schedule {
  fileprivate var text: String {
    func list<Number>(_ numbers: [Number]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
    return switch self {
    case .constant: "constant"
    case .epochs(let boundaries, let factor): "epochs boundaries=\(list(boundaries)) factor=\(factor)"
    case .epochTable(let boundaries, let factors): "epoch_table boundaries=\(list(boundaries)) factors=\(list(factors))"
    case .steps(let boundaries, let factor): "steps boundaries=\(list(boundaries)) factor=\(factor)"
    case .plateau(let factor, let patience, let times): "plateau factor=\(factor) patience=\(patience) times=\(times)"
    case .dexp(let target, let steps): "dexp target_factor=\(target) steps=\(steps)"
    case .polynomial(let power): "polynomial power=\(power)"
    }
  }
}
