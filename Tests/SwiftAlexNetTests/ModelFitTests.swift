import SwiftAlexNet
import XCTest

final class ModelFitTests: XCTestCase {
  func testItLearnsAndReports() throws {
    let (model, images) = (try Shades.model(), try Shades.images())
    var (rows, steps): ([EpochResult], [StepReport]) = ([], [])
    let results = try model.fit(
      images, validation: try Shades.images(30), recipe: Shades.recipe, epochs: 30, seed: 3,
      onEpochEnd: { rows.append($0) }, progress: { steps.append($0) })
    XCTAssertEqual(results.map(\.epoch), Array(0..<30))
    XCTAssertEqual(rows.map(\.loss), results.map(\.loss))
    XCTAssertEqual(results.last?.validation?.top1Error, 0)
    XCTAssertEqual(steps.count, 30 * 4)
    XCTAssertEqual(steps.prefix(5).map(\.imagesDone), [16, 32, 48, 60, 16])
    XCTAssertEqual(steps[3].loss, results[0].loss)
    XCTAssertEqual(steps[3].top1Error, results[0].top1Error)
    XCTAssert("\(steps[3])".hasPrefix("epoch 1 of 30, 60 of 60 images: loss "), "\(steps[3])")
    XCTAssert("\(results[29])".contains("epoch 30: loss "), "\(results[29])")
    XCTAssert("\(results[29])".contains("validation: top-1 error 0.0 %"), "\(results[29])")
  }

  func testTheFirstFitLearnsTheMeanImage() throws {
    let (model, images) = (try Shades.model(), try Shades.images())
    try model.fit(images, recipe: Shades.recipe, epochs: 1)
    XCTAssertEqual(model.preprocessing?.mean, images.meanImage)
    try model.fit(try Shades.images(3), recipe: Shades.recipe, epochs: 1)
    XCTAssertEqual(model.preprocessing?.mean, images.meanImage)
    let given = try Preprocessing(cropHeight: 6, cropWidth: 6, mean: images.meanOfChannels)
    let other = try Shades.model(preprocessing: given)
    try other.fit(images, recipe: Shades.recipe, epochs: 1)
    XCTAssertEqual(other.preprocessing, given)
  }

  func testTheSameSeedGivesTheSameBits() throws {
    let weights = try [1, 3].map { threads in
      let before = Engine.threadCount
      try Engine.setThreadCount(threads)
      defer { XCTAssertNoThrow(try Engine.setThreadCount(before)) }
      let model = try Shades.model()
      try model.fit(try Shades.images(), recipe: Shades.recipe, epochs: 2, seed: 5)
      return Shades.weights(model)
    }
    XCTAssertEqual(weights[0], weights[1])
  }

  func testRefusalsChangeNothing() throws {
    let (model, images) = (try Shades.model(), try Shades.images())
    let before = Shades.weights(model)
    var plateau = Shades.recipe
    plateau.schedule = .plateau(factor: 0.1, patience: 1, times: 1)
    let colored = try ImageSet([Image(pixels: [UInt8](repeating: 1, count: 192), height: 8, width: 8)], labels: [0])
    let small = try Shades.images(6, side: 5)
    let mislabelled = try ImageSet([Shades.image(0, number: 0)], labels: [3])
    let refused: [(String, () throws -> Any)] = [
      ("give validation:", { try model.fit(images, recipe: plateau) }),
      ("3 channels", { try model.fit(colored, recipe: Shades.recipe) }),
      ("3 channels", { try model.fit(images, validation: colored, recipe: Shades.recipe) }),
      ("5×5", { try model.fit(small, recipe: Shades.recipe) }),
      ("label 0 is 3, expected 0 to 2", { try model.fit(mislabelled, recipe: Shades.recipe) }),
      ("label 0 is 3", { try model.fit(images, validation: mislabelled, recipe: Shades.recipe) }),
      ("-1 epochs", { try model.fit(images, recipe: Shades.recipe, epochs: -1) }),
    ]
    for (text, fit) in refused {
      XCTAssertThrowsError(try fit(), text) { XCTAssert("\($0)".contains(text), "\($0)") }
      XCTAssertEqual(Shades.weights(model), before, text)
      XCTAssertNil(model.preprocessing, text)
    }
  }

  func testAnErrorFromTheProgressEndsTheTraining() throws {
    struct Enough: Error {}
    let model = try Shades.model()
    var steps = 0
    let images = try Shades.images()
    XCTAssertThrowsError(
      try model.fit(
        images, recipe: Shades.recipe, epochs: 9,
        progress: { _ in
          steps += 1
          if steps == 3 { throw Enough() }
        })
    ) { XCTAssert($0 is Enough) }
    XCTAssertEqual(steps, 3)
    XCTAssertNoThrow(try model.predict(images.image(0)), "its preprocessing was learned")
  }
}
