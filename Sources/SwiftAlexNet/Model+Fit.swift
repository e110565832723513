import Imaging
import Networks
import Tensors
import Training

/// The result of an epoch of training.
public struct EpochResult: Sendable, CustomStringConvertible {
  /// From 0; printed text counts from 1.
  public let epoch: Int
  /// In the epoch's last step.
  public let learningRate: Double
  public let loss: Double
  /// Percent, over the training passes, with dropout active.
  public let top1Error: Double
  /// Of the validation images, if there are any.
  public let validation: Evaluation?

  public var description: String {
    let training = "epoch \(epoch + 1): loss \(text(loss, places: 4)), top-1 error \(text(top1Error, places: 1)) %"
    return validation.map { "\(training); validation: \($0)" } ?? training
  }
}

extension StepReport: CustomStringConvertible {
  public var description: String {
    "epoch \(epoch + 1) of \(epochs), \(imagesDone) of \(images) images: loss \(text(loss, places: 4)), "
      + "top-1 error \(text(top1Error, places: 1)) %"
  }
}

extension Model {
  /// Trains on images in memory. A model without preprocessing first gets what its network's authors used: most
  /// subtract the mean image of `images`.
  ///
  /// The same seed gives the same bits on any number of threads. After an error the weights are those of the last whole
  /// step.
  /// - Parameters:
  ///   - validation: evaluated after every epoch; a recipe whose schedule watches the validation error needs it.
  ///   - recipe: `.paper`, `.cifar80sec` …, or `Recipe.named("paper")`; its fields can be changed.
  ///   - epochs: in place of the recipe's.
  ///   - arithmetic: of training and validation; without 8-bit weights.
  ///   - onEpochEnd: receives each epoch's result as soon as it is known. An error it throws ends the training.
  ///   - progress: likewise, after every step.
  /// - Throws: ``EngineError/invalidValue(_:)`` before any work for images, labels or numbers that do not fit;
  ///   ``EngineError/nonFinite(_:)``, ``EngineError/outOfMemory(_:)``, ``EngineError/concurrentUse(_:)``.
  @discardableResult
  public func fit(
    _ images: ImageSet, validation: ImageSet? = nil, recipe: Recipe, epochs: Int? = nil, seed: UInt64 = 0,
    arithmetic: Arithmetic = Arithmetic(), onEpochEnd: ((EpochResult) throws -> Void)? = nil,
    progress: ((StepReport) throws -> Void)? = nil
  ) throws -> [EpochResult] {
    try arithmetic.requireTrainable(operation: "fit")
    guard network.quantization == nil else {
      throw EngineError.invalidValue(
        "fit: got a quantised model, whose weights are rounded; expected the original, or setQuantization(nil) first")
    }
    for set in [images, validation].compactMap({ $0 }) { try requireFitting(set, operation: "fit") }
    guard validation != nil || !recipe.needsValidation else {
      throw EngineError.invalidValue(
        "fit: recipe \(recipe.name) has a plateau schedule, which needs the validation error: give validation:, "
          + "or set the recipe's schedule to .constant, say")
    }
    guard details?.learnWhitening == nil else {
      throw EngineError.unsupported(
        "fit: the model's file asks for a whitening matrix to be learned, which Python's fit does")
    }
    let isFinal = isPreprocessingFinal
    let preprocessing = try isFinal ? requirePreprocessing("fit") : preprocessing(learnedFrom: images, recipe: recipe)
    var results: [EpochResult] = []
    try network.fit(
      images, recipe: recipe, preprocessing: preprocessing, epochs: epochs, seed: seed, arithmetic: arithmetic,
      onEpochEnd: { report in
        let result = EpochResult(
          epoch: report.epoch, learningRate: report.learningRate, loss: report.loss, top1Error: report.top1Error,
          validation: try validation.map {
            try self.evaluate($0, preprocessing, arithmetic: arithmetic)
          })
        results.append(result)
        try onEpochEnd?(result)
        return result.validation?.top1Error
      },
      onStep: { report in
        // From the first step on, the weights depend on it.
        if !isFinal { self.learned(preprocessing) }
        try progress?(report)
      })
    return results
  }

  /// The model's preprocessing, or that of the network's authors, with the mean of `images` if it is to be learned. A
  /// recipe with its own image sizes takes the mean of each channel.
  private func preprocessing(learnedFrom images: ImageSet, recipe: Recipe) throws -> Preprocessing {
    let before = try preprocessing ?? authorsPreprocessing
    let mean: Preprocessing.Mean
    switch nextMean {
    case .none: mean = before.mean
    case .image where recipe.scale == nil: mean = images.meanImage
    case .image, .pixel: mean = images.meanOfChannels
    }
    return try Preprocessing(
      cropHeight: before.cropHeight, cropWidth: before.cropWidth, mean: mean, scale: before.scale,
      meanPosition: before.meanPosition)
  }

  /// What the network's authors did, before anything is learned from a training set.
  package var authorsPreprocessing: Preprocessing {
    get throws {
      let (input, authors) = (network.spec.input, Catalog.preprocessing(of: network.spec.name))
      return try Preprocessing(
        cropHeight: input.height, cropWidth: input.width, mean: .channels(authors.mean(channels: input.channels)),
        scale: authors.scale(channels: input.channels) ?? [], meanPosition: authors.meanPosition)
    }
  }
}
