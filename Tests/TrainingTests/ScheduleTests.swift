import XCTest

@testable import Training

final class ScheduleTests: XCTestCase {
  func testEpochs() {
    var state = ScheduleState(.epochs(boundaries: [2, 3], factor: 0.5))
    var factors: [Float] = []
    for _ in 0..<5 {
      factors.append(state.factor)
      state.finishEpoch(validationError: nil)
    }
    XCTAssertEqual(factors, [1, 1, 0.5, 0.25, 0.25])
  }

  func testPlateauFallsWhenTheErrorStopsFallingAndNotMoreThanItsTimes() {
    var state = ScheduleState(.plateau(factor: 0.5, patience: 2, times: 2))
    var factors: [Float] = []
    for error in [50.0, 40, 41, 40, 30, 31, 32, 33, 34, 35] {
      state.finishEpoch(validationError: error)
      factors.append(state.factor)
    }
    XCTAssertEqual(factors, [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25])
  }

  func testConstant() {
    var state = ScheduleState(.constant)
    state.finishEpoch(validationError: 10)
    XCTAssertEqual(state.factor, 1)
  }
}
