import XCTest

@testable import Training

final class RecipeScalingTests: XCTestCase {
  func testEightTimesTheBatch() throws {
    for (rule, rate, decay, warmup, start) in [
      (.krizhevsky, 0.08, 0.0005, 0, 0), (.goyal, 0.08, 0.0005, 5, 0.125),
      (.sqrt, 0.01 * 8.0.squareRoot(), 0.0005 * 8.0.squareRoot(), 0, 0),
    ] as [(Recipe.ScalingRule, Double, Double, Double, Double)] {
      let scaled = try Recipe.paper.scaled(batchSize: 1024, rule: rule)
      XCTAssertEqual(scaled.batchSize, 1024)
      XCTAssertEqual(
        [scaled.learningRate, scaled.weightDecay, scaled.warmupEpochs, scaled.warmupStart],
        [rate, decay, warmup, start])
      XCTAssertEqual([scaled.momentum, Double(scaled.epochs)], [0.9, 90])
      XCTAssertEqual(scaled.schedule, Recipe.paper.schedule)
      XCTAssertTrue(scaled.source.hasSuffix("; \(rule) for batches of 1024 in place of 128"), scaled.source)
    }
  }

  /// Theory keeps the decay of an epoch: k steps of ε·ω before, one of √k·ε·√k·ω after.
  func testTheSquareRootKeepsTheDecayOfAnEpoch() throws {
    let (before, after) = (Recipe.paper, try Recipe.paper.scaled(batchSize: 2048, rule: .sqrt))
    XCTAssertEqual(
      16 * before.learningRate * before.weightDecay, after.learningRate * after.weightDecay, accuracy: 1e-18)
  }

  func testSmallerBatchesNeedNoWarmUp() throws {
    let scaled = try Recipe.paper.scaled(batchSize: 32, rule: .goyal)
    XCTAssertEqual([scaled.learningRate, scaled.warmupEpochs], [0.0025, 0])
  }

  func testRefusals() {
    XCTAssertThrowsError(try Recipe.paper.scaled(batchSize: 0, rule: .goyal))
    var recipe = Recipe.paper
    recipe.groups = [ParameterGroup("fc*", schedule: .steps(boundaries: [100], factor: 0.1))]
    XCTAssertThrowsError(try recipe.scaled(batchSize: 256, rule: .goyal)) {
      XCTAssertTrue("\($0)".contains("a schedule that counts steps"), "\($0)")
    }
  }
}
