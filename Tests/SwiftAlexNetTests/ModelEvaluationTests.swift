import SwiftAlexNet
import XCTest

final class ModelEvaluationTests: XCTestCase {
  /// All classes equally likely: they share the credit.
  func testEqualProbabilitiesShareTheCredit() throws {
    let preprocessing = try Preprocessing(cropHeight: 6, cropWidth: 6)
    let model = try Model(
      spec: Shades.model().network.spec, classes: Shades.classes, initialization: .named("zeros"),
      preprocessing: preprocessing)
    let evaluation = try model.evaluate(Shades.images(300))
    XCTAssertEqual(evaluation.count, 300)
    XCTAssertEqual(evaluation.top1Error, 200.0 / 3, accuracy: 1e-9)
    XCTAssertEqual(evaluation.top5Error, 0, accuracy: 1e-9)
    XCTAssertEqual(evaluation.loss, 1.0986, accuracy: 1e-4)
    XCTAssertEqual("\(evaluation)", "top-1 error 66.7 %, loss 1.0986 on 300 images")
  }

  func testItAgreesWithPredictions() throws {
    let (model, images) = (try Shades.model(), try Shades.images(280))
    try model.fit(images, recipe: Shades.recipe, epochs: 1)
    let wrong = try (0..<280).filter { try model.predict(images.image($0)).labels[0] != Int(images.labels[$0]) }
    XCTAssertEqual(try model.evaluate(images).top1Error, 100 * Double(wrong.count) / 280, accuracy: 1e-9)
  }

  func testRefusals() throws {
    XCTAssertThrowsError(try Shades.model().evaluate(Shades.images())) {
      XCTAssert("\($0)".contains("evaluate: the model has no preprocessing yet"), "\($0)")
    }
  }
}
