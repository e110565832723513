import XCTest

@testable import Training

final class WarmUpTests: XCTestCase {
  private func factors(epochs: Double, start: Double, stepsAnEpoch: Int = 2) throws -> [Double] {
    var recipe = Recipe.small
    (recipe.warmupEpochs, recipe.warmupStart) = (epochs, start)
    let warmUp = try WarmUp(recipe: recipe, stepsAnEpoch: stepsAnEpoch)
    return (0..<6).map { warmUp.factor(step: $0) }
  }

  func testRisesByTheSameAmountInEveryStep() throws {
    XCTAssertEqual(try factors(epochs: 2, start: 0), [0, 0.25, 0.5, 0.75, 1, 1])
    XCTAssertEqual(try factors(epochs: 2, start: 0.5), [0.5, 0.625, 0.75, 0.875, 1, 1])
    XCTAssertEqual(try factors(epochs: 0.5, start: 0.5, stepsAnEpoch: 4), [0.5, 0.75, 1, 1, 1, 1])
    XCTAssertEqual(try factors(epochs: 0.75, start: 0), [0, 1 / 1.5, 1, 1, 1, 1])
    XCTAssertEqual(try factors(epochs: 0, start: 0.5), [1, 1, 1, 1, 1, 1])
  }

  func testMultipliesEverySchedule() throws {
    var recipe = Recipe.small
    (recipe.learningRate, recipe.warmupEpochs, recipe.schedule) = (8, 2, .polynomial(power: 2))
    (recipe.biasSchedule, recipe.biasLearningRate) = (.constant, 2)
    let rates = try ParameterRates(
      recipe: recipe, parameters: SmallTask.network().parameters, stepsAnEpoch: 2)
    for (step, factor) in [0, 0.25, 0.5, 0.75, 1, 1].enumerated() {
      let moment = Moment(epoch: step / 2, step: step, totalSteps: 8)
      let left = 1 - Double(step) / 8
      XCTAssertEqual(rates.baseRate(at: moment), 8 * factor * left * left)
      XCTAssertEqual(rates.rates(at: moment)[0], Float(8 * factor * left * left))
      XCTAssertEqual(rates.rates(at: moment)[1], Float(16 * factor))
    }
  }

  func testRefusesWhatIsNoWarmUp() {
    for (epochs, start) in [(-1.0, 0.0), (.nan, 0), (.infinity, 0), (1, -0.5), (1, .infinity)] {
      XCTAssertThrowsError(try factors(epochs: epochs, start: start)) {
        XCTAssertTrue("\($0)".contains("expected a finite number of at least 0"), "\($0)")
      }
    }
  }
}
