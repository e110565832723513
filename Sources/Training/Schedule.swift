import Glibc
import Tensors

/// A step of a run: its epoch and its number since the start, both from 0, and the steps of the whole run.
public struct Moment: Hashable, Sendable {
  public var epoch: Int
  public var step: Int
  public var totalSteps: Int

  public init(epoch: Int, step: Int, totalSteps: Int) {
    self.epoch = epoch
    self.step = step
    self.totalSteps = totalSteps
  }
}

/// How the learning rate falls. A schedule is a rule; its progress is kept in a ``ScheduleState``.
/// `schedules.py` has the same schedules for Python.
public enum Schedule: Hashable, Sendable {
  case constant
  /// Multiplied by `factor` at the start of each of these epochs, counted from 0.
  case epochs(boundaries: [Int], factor: Double)
  /// The factor from each of these epochs onwards, 1 before the first; 0 freezes.
  case epochTable(boundaries: [Int], factors: [Double])
  /// Multiplied by `factor` at each of these steps, counted from 0 (the solvers of Caffe count iterations).
  case steps(boundaries: [Int], factor: Double)
  /// Multiplied by `factor` when the validation error has not fallen for `patience` epochs, at most `times`
  /// times ("divided by 10 when the validation error rate stopped improving", Krizhevsky et al. 2012,
  /// section 5).
  case plateau(factor: Double, patience: Int, times: Int)
  /// targetFactor^(−i / (steps − 1)), i = ⌊progress · steps⌋: `steps` equal stretches of the run, each lower by the
  /// same factor (cuda-convnet2's `dexp`, "discrete exponential").
  case dexp(targetFactor: Double, steps: Int)
  /// (1 − step / total)^power: falls to 0 at the end of the run (Caffe's policy `poly`).
  case polynomial(power: Double)

  /// Whether it needs the validation error.
  public var needsValidation: Bool {
    if case .plateau = self { return true }
    return false
  }

  /// The most stretches of a schedule; with this limit no product of steps overflows.
  private static let maximumStretches = 1 << 20

  /// - Throws: ``EngineError/invalidValue(_:)`` naming the invalid setting.
  func validate() throws {
    switch self {
    case .constant: break
    case .epochs(let boundaries, let factor), .steps(let boundaries, let factor):
      try Self.require(isRising(boundaries), "boundaries \(boundaries)", "rising numbers of at least 0")
      try Self.require(isFactor(factor), "factor \(factor)", "a finite number above 0")
    case .epochTable(let boundaries, let factors):
      try Self.require(isRising(boundaries), "boundaries \(boundaries)", "rising numbers of at least 0")
      try Self.require(
        factors.count == boundaries.count && factors.allSatisfy { $0.isFinite && $0 >= 0 }, "factors \(factors)",
        "\(boundaries.count) finite numbers of at least 0")
    case .plateau(let factor, let patience, let times):
      try Self.require(isFactor(factor), "factor \(factor)", "a finite number above 0")
      try Self.require(patience >= 1, "patience \(patience)", "at least 1")
      try Self.require(times >= 0, "times \(times)", "at least 0")
    case .dexp(let targetFactor, let steps):
      try Self.require(isFactor(targetFactor), "target factor \(targetFactor)", "a finite number above 0")
      try Self.require(
        2...Self.maximumStretches ~= steps, "\(steps) steps", "2 to \(Self.maximumStretches)")
    case .polynomial(let power): try Self.require(isFactor(power), "power \(power)", "a finite number above 0")
    }
  }

  private func isFactor(_ factor: Double) -> Bool { factor.isFinite && factor > 0 }

  private func isRising(_ boundaries: [Int]) -> Bool {
    boundaries.allSatisfy { $0 >= 0 } && zip(boundaries, boundaries.dropFirst()).allSatisfy { $0 < $1 }
  }

  private static func require(_ condition: Bool, _ came: String, _ expected: String) throws {
    guard condition else { throw EngineError.invalidValue("schedule: got \(came), expected \(expected)") }
  }
}

/// A schedule's progress: the factor on the initial learning rate, and what determines the next one.
public struct ScheduleState: Hashable, Sendable {
  public let schedule: Schedule
  private var best = Double.infinity
  private var epochsSinceBest = 0
  private var drops = 0

  /// - Throws: ``EngineError/invalidValue(_:)`` for an invalid schedule.
  public init(_ schedule: Schedule) throws {
    try schedule.validate()
    self.schedule = schedule
  }

  /// The factor on the learning rate in the step at `moment`.
  public func factor(at moment: Moment) -> Double {
    switch schedule {
    case .constant: return 1
    case .epochs(let boundaries, let factor): return pow(factor, Double(reached(boundaries, moment.epoch)))
    case .epochTable(let boundaries, let factors): return ([1] + factors)[reached(boundaries, moment.epoch)]
    case .steps(let boundaries, let factor): return pow(factor, Double(reached(boundaries, moment.step)))
    case .plateau(let factor, _, _): return pow(factor, Double(drops))
    case .dexp(let targetFactor, let steps):
      return pow(targetFactor, -Double(stretch(moment, steps)) / Double(steps - 1))
    case .polynomial(let power):
      return pow(1 - Double(min(max(moment.step, 0), total(moment))) / Double(total(moment)), power)
    }
  }

  /// Moves to the next epoch. `validationError` in percent; a plateau without one does not change.
  public mutating func finishEpoch(validationError: Double?) {
    guard case .plateau(_, let patience, let times) = schedule, let validationError else { return }
    if validationError < best {
      (best, epochsSinceBest) = (validationError, 0)
      return
    }
    epochsSinceBest += 1
    if epochsSinceBest >= patience && drops < times {
      drops += 1
      epochsSinceBest = 0
    }
  }

  private func total(_ moment: Moment) -> Int { max(moment.totalSteps, 1) }

  private func reached(_ boundaries: [Int], _ number: Int) -> Int { boundaries.count { number >= $0 } }

  /// ⌊step · steps / total⌋ in integers, so that no boundary is missed.
  private func stretch(_ moment: Moment, _ steps: Int) -> Int {
    let total = total(moment)
    let step = min(max(moment.step, 0), total - 1)
    return total.dividingFullWidth(step.multipliedFullWidth(by: steps)).quotient
  }
}
