import SwiftAlexNet

/// The command: draws images of shapes, trains a network on them, and tells what it sees in others.
@main
struct Shapes {
  static func main() throws {
    let training = try drawings(1200, seed: 1)
    let validation = try drawings(300, seed: 2)

    // A network of the catalogue, with random weights. The first `fit` learns the mean image.
    let model = try Model.cifarNet("80sec", classes: Shape.allCases.map(\.rawValue), seed: 0)
    var recipe = Recipe.cifar80sec
    recipe.batchSize = 50
    recipe.flip = true

    print("training on \(training.count) images, \(Engine.threadCount) threads, \(try Engine.instructionSet)")
    try model.fit(
      training, validation: validation, recipe: recipe, epochs: 5,
      onEpochEnd: { print($0) },
      progress: { step in
        if step.imagesDone == step.images / 2 { print("  \(step)") }
      })

    for index in 0..<5 {
      let drawn = model.classes[Int(validation.labels[index])]
      print("a \(drawn): \(try model.predict(validation.image(index), top: 2))")
    }
    print(try model.evaluate(validation))
  }

  /// Images of random shapes, one class after the other.
  static func drawings(_ count: Int, seed: UInt64) throws -> ImageSet {
    var random = Random(state: seed)
    let labels = (0..<count).map { $0 % Shape.allCases.count }
    return try ImageSet(labels.map { try Shape.allCases[$0].drawn(&random) }, labels: labels)
  }
}
