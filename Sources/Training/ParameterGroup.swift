import Glibc

/// Some parameters that learn in a way of their own.
public struct ParameterGroup: Hashable, Sendable {
  /// Which, by name, as in file names: `fc10.weight`, `conv*`, `*.bias`.
  public var pattern: String
  /// Factors, on top of the recipe's for biases and of those of other groups that match.
  public var learningRate: Double
  public var weightDecay: Double
  /// In place of the recipe's; among several groups that match, the last one's.
  public var schedule: Schedule?

  public init(_ pattern: String, learningRate: Double = 1, weightDecay: Double = 1, schedule: Schedule? = nil) {
    self.pattern = pattern
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.schedule = schedule
  }

  /// Whether the parameter of that name belongs to the group.
  public func matches(_ name: String) -> Bool { fnmatch(pattern, name, 0) == 0 }
}
