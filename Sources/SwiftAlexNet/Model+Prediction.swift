import Evaluation
import Imaging
import Networks
import Tensors
import Training

/// The likeliest classes of one image, best first.
public struct Prediction: Sendable, CustomStringConvertible {
  /// Class indices.
  public let labels: [Int]
  /// Class names.
  public let classes: [String]
  public let probabilities: [Float]

  public var description: String {
    zip(classes, probabilities).map { "\($0) \(text(Double($1) * 100, places: 1)) %" }.joined(separator: ", ")
  }
}

extension Model {
  /// The `top` most likely classes of an image.
  /// - Parameters:
  ///   - image: at least as large as the network's input, which is cropped from it.
  ///   - views: which crops are averaged.
  ///   - arithmetic: nil: the model's own, int8 if it is quantised, else float32.
  /// - Throws: ``EngineError/invalidValue(_:)`` for an image that is too small or has other channels, for `top` below 1,
  ///   and for a model without preprocessing; ``EngineError/unsupported(_:)``, ``EngineError/outOfMemory(_:)``.
  public func predict(
    _ image: Image, top: Int = 5, views: Views = .center, arithmetic: Arithmetic? = nil
  ) throws -> Prediction {
    let numbers = try probabilities([image], views: views, arithmetic: arithmetic)
    return try prediction(numbers[...], top: top)
  }

  /// The same for many images, of any sizes.
  public func predict(
    _ images: [Image], top: Int = 5, views: Views = .center, arithmetic: Arithmetic? = nil
  ) throws -> [Prediction] {
    let (numbers, count) = (try probabilities(images, views: views, arithmetic: arithmetic), classes.count)
    return try images.indices.map { try prediction(numbers[$0 * count..<($0 + 1) * count], top: top) }
  }

  /// The probability of every class, [images][classes]. Errors are those of ``predict(_:top:views:arithmetic:)``.
  public func probabilities(
    _ images: [Image], views: Views = .center, arithmetic: Arithmetic? = nil
  ) throws -> [Float] {
    try requireClasses("predict")
    let preprocessing = try requirePreprocessing("predict")
    var numbers: [Float] = []
    var rest = images[...]
    while let first = rest.first {
      // Consecutive images of the same size are computed together.
      let batch = rest.prefix(Self.imagesAtOnce).prefix { $0.hasSize(of: first) }
      numbers += try probabilities(
        batch.flatMap(\.pixels), FeatureShape(height: first.height, width: first.width, channels: first.channels),
        count: batch.count, preprocessing, views: views, arithmetic: arithmetic ?? ownArithmetic, operation: "predict")
      rest = rest.dropFirst(batch.count)
    }
    return numbers
  }

  /// That of a call which names none.
  var ownArithmetic: Arithmetic { Arithmetic(precision: network.quantization == nil ? .float32 : .int8) }

  private func prediction(_ numbers: ArraySlice<Float>, top: Int) throws -> Prediction {
    guard top >= 1 else { throw EngineError.invalidValue("predict: got top \(top), expected at least 1") }
    let probabilities = Array(numbers)
    // Ties go to the lower index.
    let order = probabilities.indices.sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }.prefix(top)
    return Prediction(
      labels: Array(order), classes: order.map { classes[$0] }, probabilities: order.map { probabilities[$0] })
  }

  /// Images copied side by side at a time.
  static let imagesAtOnce = 256

  /// [count][classes] for images of one size.
  func probabilities(
    _ pixels: [UInt8], _ shape: FeatureShape, count: Int, _ preprocessing: Preprocessing, views: Views,
    arithmetic: Arithmetic, operation: String
  ) throws -> [Float] {
    guard shape.channels == network.spec.input.channels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(shape.channels) channels, \(network.spec.name) takes "
          + "\(network.spec.input.channels)")
    }
    var numbers = [Float](repeating: 0, count: count * classes.count)
    try network.predict(
      images: pixels, count: count, height: shape.height, width: shape.width, preprocessing: preprocessing,
      views: views, arithmetic: arithmetic, into: &numbers)
    return numbers
  }
}
