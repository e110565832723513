import XCTest

@testable import Training

final class ScheduleTests: XCTestCase {
  private let stepsAnEpoch = 3

  /// The factor in the first step of every epoch, given the validation error after it.
  private func factors(_ schedule: Schedule, errors: [Double?]) throws -> [Double] {
    var state = try ScheduleState(schedule)
    return errors.enumerated().map { epoch, error in
      let factor = state.factor(
        at: Moment(epoch: epoch, step: epoch * stepsAnEpoch, totalSteps: errors.count * stepsAnEpoch))
      state.finishEpoch(validationError: error)
      return factor
    }
  }

  /// The factor in every step.
  private func factors(_ schedule: Schedule, totalSteps: Int) throws -> [Double] {
    let state = try ScheduleState(schedule)
    return (0..<totalSteps).map {
      state.factor(at: Moment(epoch: $0 / stepsAnEpoch, step: $0, totalSteps: totalSteps))
    }
  }

  func testConstant() throws {
    XCTAssertEqual(try factors(.constant, errors: [10, nil]), [1, 1])
  }

  func testEpochs() throws {
    XCTAssertEqual(
      try factors(.epochs(boundaries: [2, 3], factor: 0.5), errors: [nil, nil, nil, nil, nil]), [1, 1, 0.5, 0.25, 0.25])
    XCTAssertEqual(try factors(.epochs(boundaries: [0], factor: 0.5), errors: [nil]), [0.5])
  }

  func testEpochTableSaysEveryFactorAndMayFreeze() throws {
    XCTAssertEqual(
      try factors(.epochTable(boundaries: [1, 3], factors: [0.1, 0]), errors: [nil, nil, nil, nil]), [1, 0.1, 0.1, 0])
  }

  func testStepsFallInsideAnEpoch() throws {
    XCTAssertEqual(
      try factors(.steps(boundaries: [1, 4], factor: 0.5), totalSteps: 6), [1, 0.5, 0.5, 0.5, 0.25, 0.25])
  }

  func testPlateauFallsWhenTheErrorStopsFallingAndNotMoreThanItsTimes() throws {
    XCTAssertEqual(
      try factors(
        .plateau(factor: 0.5, patience: 2, times: 2), errors: [50, 40, 41, 40, 30, 31, 32, 33, 34, 35, 36]),
      [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25])
  }

  func testDexpGivesThePublishedRates() throws {
    let rates = try factors(.dexp(targetFactor: 250, steps: 4), totalSteps: 8).map { 0.01 * $0 }
    for (rate, published) in zip(rates, [0.01, 0.01, 0.0015874, 0.0015874, 0.00025198, 0.00025198, 0.00004, 0.00004]) {
      XCTAssertEqual(rate, published, accuracy: 2e-5 * published)
    }
  }

  func testDexpMeetsEveryBoundaryExactly() throws {
    for steps in [2, 3, 7, 49, 93] {
      for length in [1, 3, 107] {
        let seen = try factors(.dexp(targetFactor: 10, steps: steps), totalSteps: steps * length)
        for (step, factor) in seen.enumerated() {
          let wanted = pow(10, -Double(step / length) / Double(steps - 1))
          XCTAssertEqual(factor, wanted, accuracy: 1e-12, "step \(step) of \(steps) × \(length)")
        }
      }
    }
  }

  func testPolynomialFallsToZero() throws {
    XCTAssertEqual(
      try factors(.polynomial(power: 2), totalSteps: 4), [1, 0.75, 0.5, 0.25].map { $0 * $0 })
    XCTAssertEqual(try factors(.polynomial(power: 1), totalSteps: 8)[6], 0.25)
    let state = try ScheduleState(.polynomial(power: 2))
    XCTAssertEqual(state.factor(at: Moment(epoch: 0, step: .max, totalSteps: 10)), 0)
    XCTAssertEqual(state.factor(at: Moment(epoch: 0, step: -3, totalSteps: 0)), 1)
  }

  func testMomentsOutsideTheRunAreAnswered() throws {
    let state = try ScheduleState(.dexp(targetFactor: 100, steps: 3))
    XCTAssertEqual(state.factor(at: Moment(epoch: 0, step: -5, totalSteps: 10)), 1)
    XCTAssertEqual(state.factor(at: Moment(epoch: 0, step: .max, totalSteps: .max)), 0.01, accuracy: 1e-12)
    XCTAssertEqual(state.factor(at: Moment(epoch: 0, step: 3, totalSteps: 0)), 1)
  }

  func testRefusesWhatIsNoSchedule() {
    for schedule: Schedule in [
      .epochs(boundaries: [3, 1], factor: 0.1), .epochs(boundaries: [-1], factor: 0.1),
      .epochs(boundaries: [1], factor: 0), .steps(boundaries: [2, 2], factor: 0.1),
      .steps(boundaries: [2], factor: .infinity), .epochTable(boundaries: [1, 2], factors: [0.1]),
      .epochTable(boundaries: [1], factors: [-0.1]), .epochTable(boundaries: [1], factors: [.nan]),
      .plateau(factor: 0.1, patience: 0, times: 1), .plateau(factor: 0.1, patience: 1, times: -1),
      .plateau(factor: .nan, patience: 1, times: 1), .dexp(targetFactor: 0, steps: 4),
      .dexp(targetFactor: 250, steps: 1), .dexp(targetFactor: 250, steps: .max), .polynomial(power: 0),
      .polynomial(power: .nan),
    ] {
      XCTAssertThrowsError(try ScheduleState(schedule)) { XCTAssertTrue("\($0)".contains("expected"), "\($0)") }
    }
  }
}
