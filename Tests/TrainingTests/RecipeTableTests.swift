import Foundation
import Kernels
import XCTest

@testable import Training

/// The recipes as lines of text; the tests of the Python package compare its recipes with the same file.
final class RecipeTableTests: XCTestCase {
  func testPythonHasTheSameRecipes() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../python/tests/golden/recipes.txt")
    let expected = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    XCTAssertEqual(Recipe.known.map(line), expected)
  }

  func testNamesDiffer() {
    XCTAssertEqual(Set(Recipe.known.map(\.name)).count, Recipe.known.count)
  }

  func testNamed() throws {
    for recipe in Recipe.known { XCTAssertEqual(try Recipe.named(recipe.name).description, recipe.description) }
    for (name, nearest) in [("papr", "paper"), ("VGG384", "vgg-384"), ("torch-vision", "torchvision")] {
      XCTAssertThrowsError(try Recipe.named(name)) {
        let text = "\($0)"
        XCTAssertTrue(text.hasPrefix("recipe: got '\(name)', expected one of paper, chm145, caffe, "), text)
        XCTAssertTrue(text.hasSuffix("; did you mean '\(nearest)'?"), text)
      }
    }
    XCTAssertThrowsError(try Recipe.named("adam")) { XCTAssertTrue("\($0)".contains("did you mean '"), "\($0)") }
  }

  func testColorNoiseEndsWithItsEpochs() throws {
    XCTAssertEqual(try Recipe.chm145.augmentation(epoch: 66).colorNoise, 0.1)
    XCTAssertEqual(try Recipe.chm145.augmentation(epoch: 67).colorNoise, 0)
    XCTAssertEqual(try Recipe.chm145.augmentation(epoch: 0, channels: 1).colorNoise, 0)
    let augmentation = try Recipe.chm145.augmentation(epoch: 0)
    XCTAssertEqual([augmentation.colorDivisor, Float(augmentation.chunk)], [1.1, 32])
  }

  private func line(_ recipe: Recipe) -> String {
    let groups = recipe.groups.map { group in
      "\(group.pattern)(\(text(group.learningRate)) \(text(group.weightDecay)) \(group.schedule.map(text) ?? "-"))"
    }
    let biases = "\(text(recipe.biasLearningRate)) \(text(recipe.biasWeightDecay))"
    return [
      recipe.name, "batch=\(recipe.batchSize)", "rate=\(text(recipe.learningRate))",
      "momentum=\(text(recipe.momentum))", "decay=\(text(recipe.weightDecay))", "rule=\(recipe.rule)",
      "epochs=\(recipe.epochs)", "schedule=\(text(recipe.schedule))",
      "biases=\(biases) \(recipe.biasSchedule.map(text) ?? "-")", "groups=\(groups.joined(separator: " "))",
      "crop=\(recipe.crop ? 1 : 0)", "flip=\(recipe.flip ? 1 : 0)",
      "color=\(text(recipe.colorNoise)) \(recipe.colorNoiseEpochs.map(String.init) ?? "-") \(text(recipe.colorDivisor))",
      "chunk=\(recipe.chunk)", "rotation=\(text(recipe.rotation))", "shift=\(recipe.shift)",
      "scale=\(recipe.scale.map { "\($0.lowerBound) \($0.upperBound)" } ?? "-")",
      "lars=\(text(recipe.trustCoefficient)) \(recipe.larsBiases ? 1 : 0)",
      "warmup=\(text(recipe.warmupEpochs)) \(text(recipe.warmupStart))",
    ].joined(separator: ", ")
  }

  private func text(_ schedule: Schedule) -> String {
    switch schedule {
    case .constant: "constant"
    case .epochs(let boundaries, let factor): "epochs(\(list(boundaries.map(String.init))), \(text(factor)))"
    case .epochTable(let boundaries, let factors):
      "table(\(list(boundaries.map(String.init))), \(list(factors.map(text))))"
    case .steps(let boundaries, let factor): "steps(\(list(boundaries.map(String.init))), \(text(factor)))"
    case .plateau(let factor, let patience, let times): "plateau(\(text(factor)), \(patience), \(times))"
    case .dexp(let target, let steps): "dexp(\(text(target)), \(steps))"
    case .polynomial(let power): "polynomial(\(text(power)))"
    }
  }

  private func list(_ items: [String]) -> String { items.joined(separator: " ") }
  private func text(_ number: Double) -> String { String(format: "%g", number) }
  private func text(_ number: Float) -> String { String(format: "%g", Double(number)) }
}
