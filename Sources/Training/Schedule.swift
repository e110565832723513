/// When the learning rate falls. A schedule is a rule; what it has seen so far is a ``ScheduleState``.
public enum Schedule: Hashable, Sendable {
  case constant
  /// Multiplied by `factor` at the start of each of these epochs, counted from 0.
  case epochs(boundaries: [Int], factor: Float)
  /// Multiplied by `factor` when the validation error has not fallen for `patience` epochs, at most `times`
  /// times ("divided by 10 when the validation error rate stopped improving", Krizhevsky et al. 2012,
  /// section 5).
  case plateau(factor: Float, patience: Int, times: Int)
}

/// A schedule at work: the factor on the first learning rate, and what decides about the next.
public struct ScheduleState: Hashable, Sendable {
  public let schedule: Schedule
  public private(set) var factor: Float = 1
  public private(set) var epoch = 0
  private var best = Double.infinity
  private var epochsSinceBest = 0
  private var drops = 0

  public init(_ schedule: Schedule) {
    self.schedule = schedule
    if case .epochs(let boundaries, let drop) = schedule, boundaries.contains(0) { factor *= drop }
  }

  /// Moves to the next epoch. `validationError` in percent; a plateau without one stays where it is.
  public mutating func finishEpoch(validationError: Double?) {
    epoch += 1
    switch schedule {
    case .constant: break
    case .epochs(let boundaries, let drop):
      if boundaries.contains(epoch) { factor *= drop }
    case .plateau(let drop, let patience, let times):
      guard let validationError else { break }
      if validationError < best {
        (best, epochsSinceBest) = (validationError, 0)
        break
      }
      epochsSinceBest += 1
      if epochsSinceBest >= patience && drops < times {
        factor *= drop
        drops += 1
        epochsSinceBest = 0
      }
    }
  }
}
