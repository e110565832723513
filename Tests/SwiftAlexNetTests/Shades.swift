import SwiftAlexNet

/// Squares in three brightness levels, which a small network learns in a few epochs.
enum Shades {
  static let classes = ["dark", "grey", "bright"]

  static func image(_ label: Int, number: Int, side: Int = 8) throws -> Image {
    let pixels = (0..<side * side).map { UInt8(80 * label + (number * 31 + $0 * 7) % 40) }
    return try Image(pixels: pixels, height: side, width: side, channels: 1)
  }

  static func images(_ count: Int = 60, side: Int = 8) throws -> ImageSet {
    let labels = (0..<count).map { $0 % 3 }
    return try ImageSet(labels.enumerated().map { try image($1, number: $0, side: side) }, labels: labels)
  }

  /// Reads 6 × 6 pixels.
  static func model(seed: UInt64 = 1, preprocessing: Preprocessing? = nil) throws -> Model {
    let spec = try NetworkSpec(
      text: """
        network small
        data channels=1 height=6 width=6
        convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
        relu relu1
        dense fc2 outputs=3
        softmax prob
        """)
    return try Model(spec: spec, classes: classes, seed: seed, preprocessing: preprocessing)
  }

  static let recipe: Recipe = {
    var recipe = Recipe.torchvision
    (recipe.batchSize, recipe.learningRate) = (16, 0.0005)
    return recipe
  }()

  static func weights(_ model: Model) -> [[Float]] { model.network.parameters.map { Array($0.value.buffer) } }
}
