import Evaluation
import Imaging
import Networks
import Tensors
import Training

/// How often a model is wrong.
public struct Evaluation: Sendable, CustomStringConvertible {
  /// Percent. Classes of equal probability share the credit, as in the 2012 authors' code.
  public let top1Error: Double
  public let top5Error: Double
  /// Mean of −log p of the correct class.
  public let loss: Double
  /// Number of images evaluated.
  public let count: Int

  public var description: String {
    "top-1 error \(text(top1Error, places: 1)) %, loss \(text(loss, places: 4)) on \(count) images"
  }
}

extension Model {
  /// Classifies every image and compares the result with its label.
  /// - Parameters:
  ///   - views: which crops of an image are averaged.
  ///   - arithmetic: nil: the model's own, int8 if it is quantised, else float32.
  /// - Throws: ``EngineError/invalidValue(_:)`` for images or labels that do not fit the model, and for a model without
  ///   preprocessing; ``EngineError/unsupported(_:)``, ``EngineError/outOfMemory(_:)``.
  public func evaluate(
    _ images: ImageSet, views: Views = .center, arithmetic: Arithmetic? = nil
  ) throws -> Evaluation {
    try requireFitting(images, operation: "evaluate")
    return try evaluate(images, requirePreprocessing("evaluate"), views: views, arithmetic: arithmetic ?? ownArithmetic)
  }

  func evaluate(
    _ images: ImageSet, _ preprocessing: Preprocessing, views: Views = .center, arithmetic: Arithmetic
  ) throws -> Evaluation {
    let shape = FeatureShape(height: images.height, width: images.width, channels: images.channels)
    var (top1, top5, loss) = (0.0, 0.0, 0.0)
    for first in stride(from: 0, to: images.count, by: Self.imagesAtOnce) {
      let range = first..<min(first + Self.imagesAtOnce, images.count)
      let numbers = try probabilities(
        Array(images.pixels[range.lowerBound * shape.count..<range.upperBound * shape.count]), shape,
        count: range.count, preprocessing, views: views, arithmetic: arithmetic, operation: "evaluate")
      let score = try Score(
        probabilities: numbers, labels: Array(images.labels[range]), rows: range.count, classes: classes.count)
      top1 += score.top1Credit
      top5 += score.top5Credit
      loss += score.loss
    }
    let count = Double(images.count)
    return Evaluation(
      top1Error: 100 * (1 - top1 / count), top5Error: 100 * (1 - top5 / count), loss: loss / count,
      count: images.count)
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` if the channels are not the network's, or a label has no class,
  ///   ``EngineError/unsupported(_:)`` for a network without classes.
  func requireFitting(_ images: ImageSet, operation: String) throws {
    try requireClasses(operation)
    guard images.channels == network.spec.input.channels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(images.channels) channels, \(network.spec.name) takes "
          + "\(network.spec.input.channels)")
    }
    if let index = images.labels.firstIndex(where: { !classes.indices.contains(Int($0)) }) {
      throw EngineError.invalidValue(
        "\(operation): label \(index) is \(images.labels[index]), expected 0 to \(classes.count - 1)")
    }
  }
}
