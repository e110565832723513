import Imaging
import Kernels
import Networks
import Tensors

/// Labelled uint8 images in memory, [count][height][width][channels].
public struct ImageSet: Sendable {
  public let pixels: [UInt8]
  public let labels: [Int32]
  public let height: Int
  public let width: Int
  public let channels: Int
  /// How much each image counts in the loss of its batch, Σ w·loss / Σ w. nil: all the same.
  public let sampleWeights: [Float]?

  /// - Throws: ``EngineError/invalidValue(_:)`` when the sizes do not agree, there are no images, or weights are not
  ///   one an image, finite and at least 0, or sum to 0.
  public init(
    pixels: [UInt8], labels: [Int32], height: Int, width: Int, channels: Int, sampleWeights: [Float]? = nil
  ) throws {
    let expected = try Extent.product([labels.count, height, width, channels], operation: "image set")
    guard !labels.isEmpty, pixels.count == expected, expected > 0 else {
      throw EngineError.invalidValue(
        "image set: got \(pixels.count) bytes, expected \(labels.count) images of \(height)×\(width)×\(channels)")
    }
    (self.pixels, self.labels) = (pixels, labels)
    (self.height, self.width, self.channels) = (height, width, channels)
    self.sampleWeights = sampleWeights
    guard try LossWeights(sampleWeights, rows: labels.count, operation: "image set").total > 0 else {
      throw EngineError.invalidValue("image set: the weights of all images are zero, expected at least one above 0")
    }
  }

  func weights(of indices: ArraySlice<Int>) -> [Float]? {
    sampleWeights.map { weights in indices.map { weights[$0] } }
  }

  var imageSize: Int { height * width * channels }

  /// Fails unless all images have the shorter side that a recipe requires.
  func require(scale: ClosedRange<Int>?) throws {
    guard let scale else { return }
    guard scale == min(height, width)...min(height, width) else {
      throw EngineError.invalidValue(
        "fit: got images of \(height)×\(width) pixels, the recipe needs a shorter side of \(scale.lowerBound) to "
          + "\(scale.upperBound): resize them, or set its scale to nil")
    }
  }
}

/// What an epoch of ``Networks/Network/fit(_:recipe:preprocessing:epochs:seed:arithmetic:onEpochEnd:)`` reports.
public struct EpochReport: Sendable {
  public let epoch: Int
  /// In the epoch's last step, for weights in no group of the recipe.
  public let learningRate: Double
  /// The mean over the images, by their weights.
  public let loss: Double
  /// Percent, over the training passes.
  public let top1Error: Double
}

/// What each of its steps reports; sums run over the epoch so far.
public struct StepReport: Sendable {
  /// From 0.
  public let epoch: Int
  public let epochs: Int
  /// In this epoch, including this step's.
  public let imagesDone: Int
  public let images: Int
  public let loss: Double
  /// Percent, over the training passes.
  public let top1Error: Double
}

extension Network {
  /// Trains on images in memory by `recipe`: every epoch in a different order, drawn from (seed, epoch). The network's
  /// own factors on rate and decay are multiplied by the recipe's and stay unchanged.
  /// - Parameter onEpochEnd: receives the report and returns the validation error in percent, or nil; a plateau
  ///   schedule needs it. An error it throws ends the training.
  /// - Parameter onStep: likewise after every step; the weights may be used there.
  public func fit(
    _ images: ImageSet, recipe: Recipe, preprocessing: Preprocessing, epochs: Int? = nil, seed: UInt64 = 0,
    arithmetic: Arithmetic = Arithmetic(), onEpochEnd: ((EpochReport) throws -> Double?)? = nil,
    onStep: ((StepReport) throws -> Void)? = nil
  ) throws {
    try arithmetic.requireTrainable(operation: "fit")
    let epochs = epochs ?? recipe.epochs
    guard epochs >= 0, recipe.batchSize >= 1 else {
      throw EngineError.invalidValue(
        "fit: got \(epochs) epochs and a batch size of \(recipe.batchSize), expected at least 0 and 1")
    }
    guard images.channels == spec.input.channels else {
      throw EngineError.invalidValue(
        "fit: got images of \(images.channels) channels, \(spec.name) takes \(spec.input.channels)")
    }
    try images.require(scale: recipe.scale)
    let onEpochEnd = try recipe.watched(onEpochEnd)
    let stepsAnEpoch = (images.labels.count - 1) / recipe.batchSize + 1
    var moment = Moment(
      epoch: 0, step: 0, totalSteps: try Extent.product([stepsAnEpoch, epochs], operation: "fit: steps"))
    var rates = try ParameterRates(recipe: recipe, parameters: parameters, stepsAnEpoch: stepsAnEpoch)
    for epoch in 0..<epochs {
      moment.epoch = epoch
      let order = try ImageOrder.shuffled(count: images.labels.count, seed: seed, epoch: UInt64(epoch))
      let augmentation = try recipe.augmentation(epoch: epoch, channels: images.channels)
      var (done, loss, weight, error, rate) = (0, 0.0, 0.0, 0.0, 0.0)
      for first in stride(from: 0, to: order.count, by: recipe.batchSize) {
        let batch = order[first..<min(first + recipe.batchSize, order.count)]
        rate = rates.baseRate(at: moment)
        let result = try trainStep(
          images, indices: batch, preprocessing: preprocessing, augmentation: augmentation,
          options: try StepOptions(
            learningRate: 0, momentum: Float(recipe.momentum), weightDecay: 0, rule: recipe.rule,
            trust: Float(recipe.trustCoefficient), plainBiases: !recipe.larsBiases, seed: seed,
            step: UInt64(moment.step), rates: rates.rates(at: moment), decays: rates.decays,
            sampleWeights: images.weights(of: batch), arithmetic: arithmetic))
        loss += result.loss * result.weight
        weight += result.weight
        error += result.top1Error * Double(batch.count)
        moment.step += 1
        done += batch.count
        try onStep?(
          StepReport(
            epoch: epoch, epochs: epochs, imagesDone: done, images: order.count,
            loss: weight > 0 ? loss / weight : 0, top1Error: error / Double(done)))
      }
      let report = EpochReport(
        epoch: epoch, learningRate: rate, loss: loss / weight, top1Error: error / Double(order.count))
      rates.finishEpoch(validationError: try onEpochEnd(report))
    }
  }

  private func trainStep(
    _ images: ImageSet, indices: ArraySlice<Int>, preprocessing: Preprocessing, augmentation: Augmentation,
    options: StepOptions
  ) throws -> StepResult {
    let size = images.imageSize
    let pixels = indices.flatMap { images.pixels[$0 * size..<($0 + 1) * size] }
    let labels = indices.map { images.labels[$0] }
    return try pixels.withUnsafeBufferPointer { pixels in
      try labels.withUnsafeBufferPointer { labels in
        guard let pixels = pixels.baseAddress, let labels = labels.baseAddress else {
          throw EngineError.invalidValue("fit: an empty batch")
        }
        return try trainStep(
          images: pixels, count: indices.count, height: images.height, width: images.width, labels: labels,
          preprocessing: preprocessing, augmentation: augmentation, options: options)
      }
    }
  }
}

extension Recipe {
  /// What happens at the end of an epoch, with a validation error if a schedule needs it.
  /// - Throws: ``EngineError/invalidValue(_:)`` at once if it cannot be obtained, and later if none is returned.
  fileprivate func watched(
    _ onEpochEnd: ((EpochReport) throws -> Double?)?
  ) throws -> (EpochReport) throws -> Double? {
    let missing = "recipe \(name) has a plateau schedule, which needs the validation error"
    guard let onEpochEnd else {
      guard !needsValidation else {
        throw EngineError.invalidValue("fit: \(missing): pass onEpochEnd, or give the recipe another schedule")
      }
      return { _ in nil }
    }
    return { report in
      let error = try onEpochEnd(report)
      guard error != nil || !needsValidation else {
        let epoch = "epoch \(report.epoch + 1)"
        throw EngineError.invalidValue("fit: \(missing), and onEpochEnd returned nil after \(epoch)")
      }
      return error
    }
  }
}
