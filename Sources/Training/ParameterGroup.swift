import Glibc

/// Some parameters with their own learning settings.
public struct ParameterGroup: Hashable, Sendable {
  /// Names, with wildcards as in file names: `fc10.weight`, `conv*`, `*.bias`.
  public var pattern: String
  /// Factors, multiplied with the recipe's for biases and those of other matching groups.
  public var learningRate: Double
  public var weightDecay: Double
  /// In place of the recipe's; the last matching group's counts.
  public var schedule: Schedule?

  public init(_ pattern: String, learningRate: Double = 1, weightDecay: Double = 1, schedule: Schedule? = nil) {
    self.pattern = pattern
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.schedule = schedule
  }

  /// Whether the parameter with that name belongs to the group.
  public func matches(_ name: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}
