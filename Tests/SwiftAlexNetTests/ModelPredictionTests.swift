import SwiftAlexNet
import XCTest

final class ModelPredictionTests: XCTestCase {
  private func trained() throws -> Model {
    let model = try Shades.model()
    try model.fit(try Shades.images(), recipe: Shades.recipe, epochs: 30, seed: 3)
    return model
  }

  func testClassesHaveNamesAndProbabilities() throws {
    let model = try trained()
    for label in 0..<3 {
      let prediction = try model.predict(Shades.image(label, number: 7), top: 2)
      XCTAssertEqual(prediction.classes.first, Shades.classes[label])
      XCTAssertEqual(prediction.labels.first, label)
      XCTAssertEqual(prediction.probabilities.count, 2)
      XCTAssertGreaterThanOrEqual(prediction.probabilities[0], prediction.probabilities[1])
      XCTAssert("\(prediction)".hasPrefix("\(Shades.classes[label]) "), "\(prediction)")
    }
    XCTAssertEqual(try model.predict(Shades.image(0, number: 1), top: .max).classes.count, 3)
    XCTAssertEqual(
      try model.predict(Shades.image(0, number: 1), top: 3).probabilities.reduce(0, +), 1, accuracy: 1e-6)
  }

  func testEveryProbabilityIsInItsPlace() throws {
    let model = try trained()
    let sizes = [8, 8, 6, 9, 8]
    let images = try sizes.enumerated().map { try Shades.image($0 % 3, number: $0, side: $1) }
    let together = try model.probabilities(images)
    let alone = try images.flatMap { try model.probabilities([$0]) }
    XCTAssertEqual(together.count, 15)
    for (a, b) in zip(together, alone) { XCTAssertEqual(a, b, accuracy: 1e-6) }
    XCTAssertEqual(try model.predict(images).map(\.labels.first), [0, 1, 2, 0, 1])
    XCTAssertEqual(try model.probabilities([]), [])
  }

  func testViewsAreAveraged() throws {
    let (model, image) = (try trained(), try Shades.image(1, number: 3))
    XCTAssertNotEqual(try model.probabilities([image], views: .ten), try model.probabilities([image]))
  }

  func testRefusals() throws {
    let (model, image) = (try trained(), try Shades.image(0, number: 0))
    let refused: [(String, () throws -> Any)] = [
      ("no preprocessing yet", { try Shades.model().predict(image) }),
      ("got top 0", { try model.predict(image, top: 0) }),
      ("5×5", { try model.predict(Shades.image(0, number: 0, side: 5)) }),
      ("3 channels", { try model.predict(Image(pixels: [UInt8](repeating: 0, count: 192), height: 8, width: 8)) }),
    ]
    for (text, predict) in refused {
      XCTAssertThrowsError(try predict(), text) { XCTAssert("\($0)".contains(text), "\($0)") }
    }
  }
}
