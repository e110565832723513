/// Recipes print with their source, one setting per line.
extension Recipe: CustomStringConvertible {
  public var description: String {
    let width = 22
    let lines = settings.map { name, value in
      "  \(name)\(String(repeating: " ", count: max(1, width - name.count)))\(value)"
    }
    let title = source.isEmpty ? "recipe \(name)" : "recipe \(name): \(source)"
    return ([title] + lines).joined(separator: "\n")
  }

  private var settings: [(String, String)] {
    let groups = groups.map(\.description).joined(separator: "; ")
    return [
      ("batch size", "\(batchSize)"), ("learning rate", "\(learningRate)"), ("momentum", "\(momentum)"),
      ("weight decay", "\(weightDecay)"), ("schedule", "\(schedule)"), ("epochs", "\(epochs)"), ("rule", "\(rule)"),
      ("trust coefficient", "\(trustCoefficient)"), ("LARS for biases", "\(larsBiases)"),
      ("warm-up epochs", "\(warmupEpochs)"), ("warm-up from", "× \(warmupStart)"),
      ("bias learning rate", "× \(biasLearningRate)"), ("bias weight decay", "× \(biasWeightDecay)"),
      ("bias schedule", Self.text(biasSchedule)), ("groups", groups.isEmpty ? "–" : groups), ("crop", "\(crop)"),
      ("flip", "\(flip)"), ("colour noise", "\(colorNoise)"), ("colour noise epochs", Self.text(colorNoiseEpochs)),
      ("colour divisor", "\(colorDivisor)"), ("chunk", "\(chunk)"), ("rotation", "\(rotation)"), ("shift", "\(shift)"),
      ("scale", Self.text(scale)),
    ]
  }

  private static func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "–" }
}

extension ParameterGroup: CustomStringConvertible {
  public var description: String {
    var parts: [String] = []
    if learningRate != 1 { parts.append("rate × \(learningRate)") }
    if weightDecay != 1 { parts.append("decay × \(weightDecay)") }
    if let schedule { parts.append("\(schedule)") }
    return "\(pattern): \(parts.isEmpty ? "as all others" : parts.joined(separator: ", "))"
  }
}

extension Schedule: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constant: return "constant"
    case .epochs(let boundaries, let factor): return "× \(factor) after \(Self.list("epoch", boundaries))"
    case .epochTable(let boundaries, let factors):
      return zip(boundaries, factors).map { "× \($1) after epoch \($0)" }.joined(separator: ", ")
    case .steps(let boundaries, let factor): return "× \(factor) after \(Self.list("step", boundaries))"
    case .plateau(let factor, let patience, let times):
      return "× \(factor) after \(patience) epochs without a better validation error, \(times) times"
    case .dexp(let targetFactor, let steps): return "÷ \(targetFactor) over the run, in \(steps) equal stretches"
    case .polynomial(let power): return "× (1 − step / steps of the run)^\(power)"
    }
  }

  private static func list(_ unit: String, _ numbers: [Int]) -> String {
    "\(unit)\(numbers.count == 1 ? "" : "s") \(numbers.map(String.init).joined(separator: ", "))"
  }
}
