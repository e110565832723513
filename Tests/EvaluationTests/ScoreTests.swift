import XCTest

@testable import Evaluation
@testable import Kernels

final class ScoreTests: XCTestCase {
  private func credit(_ scores: [Float], label: Int, slots: Int) -> Double {
    scores.withUnsafeBufferPointer { Ranking.credit($0, label: label, slots: slots) }
  }

  func testTop1() {
    XCTAssertEqual(credit([0.1, 0.7, 0.2], label: 1, slots: 1), 1)
    XCTAssertEqual(credit([0.1, 0.7, 0.2], label: 2, slots: 1), 0)
    XCTAssertEqual(credit([0.5, 0.5, 0], label: 0, slots: 1), 0.5)
    XCTAssertEqual(credit([1, 1, 1, 1], label: 3, slots: 1), 0.25)
  }

  func testTop5SharesWhatIsLeft() {
    // Four are larger; two equal ones share the one slot left.
    XCTAssertEqual(credit([9, 8, 7, 6, 5, 5, 1], label: 4, slots: 5), 0.5)
    XCTAssertEqual(credit([9, 8, 7, 6, 5, 5, 1], label: 6, slots: 5), 0)
    XCTAssertEqual(credit([1, 2, 3], label: 0, slots: 5), 1)
  }

  func testNotANumberEarnsNothing() {
    XCTAssertEqual(credit([.nan, .nan], label: 0, slots: 1), 0)
    XCTAssertEqual(credit([.nan, 1], label: 1, slots: 1), 1)
  }

  func testSums() throws {
    let score = try Score(probabilities: [0.5, 0.5, 0.25, 0.75], labels: [0, 1], rows: 2, classes: 2)
    XCTAssertEqual(score.top1Credit, 1.5)
    XCTAssertEqual(score.top5Credit, 2)
    XCTAssertEqual(score.loss, log(2) - log(0.75), accuracy: 1e-7)
    XCTAssertThrowsError(try Score(probabilities: [1, 0], labels: [2], rows: 1, classes: 2))
  }
}
