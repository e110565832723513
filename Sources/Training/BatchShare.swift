import Kernels
import Networks
import Tensors

/// The part of a batch that one process computes, and what it must know of the whole.
public struct BatchShare: Sendable {
  /// The place in the whole batch of the part's first image: random numbers are drawn by it.
  public let firstImage: Int
  /// The part's shards. All processes' are added in pairs, in order: ``Kernels/PairwiseSum``.
  public let shards: Shards
  /// Σ w of the whole batch, by which losses and gradients are divided; without weights, its number of images.
  public let divisor: Double
  /// Images of the whole batch, if dense layers give the factors of their gradients: ``Networks/DenseFactors``. nil: they
  /// give the gradients.
  public let factorBatch: Int?

  /// - Throws: ``EngineError/invalidValue(_:)`` for a place below 0 or outside of the batch, or a divisor that is not
  ///   finite and ≥ 0.
  public init(firstImage: Int, shards: Shards, divisor: Double, factorBatch: Int? = nil) throws {
    guard firstImage >= 0, firstImage <= Extent.maximumCount, divisor.isFinite, divisor >= 0 else {
      throw EngineError.invalidValue(
        "gradients: got first image \(firstImage) and divisor \(divisor), expected finite numbers ≥ 0")
    }
    guard factorBatch.map({ $0 >= firstImage + shards.images }) ?? true else {
      throw EngineError.invalidValue(
        "gradients: got images \(firstImage) to \(firstImage + shards.images) of a batch of \(factorBatch ?? 0)")
    }
    (self.firstImage, self.shards, self.divisor) = (firstImage, shards, divisor)
    self.factorBatch = factorBatch
  }
}

/// Sums over the images of a shard; over all shards, added in order, those of the batch.
public struct ShardResult: Hashable, Sendable {
  /// Σ w · loss.
  public let loss: Double
  /// Images that are not classified correctly, without weights; ties count in part.
  public let top1Errors: Double
}

extension Network {
  /// The first half of a step that several processes share: forward, loss and backward of this process's images. The
  /// parameters' gradients hold its part of the batch's; what is added to them are the parts of the others. Meanwhile
  /// ``Networks/GradientMemory/finishedCount`` grows.
  ///
  /// Shards give the same sums in any number of processes, to the bit: images do not depend on each other up to the
  /// parameters' gradients, which are summed by shards.
  /// - Parameters:
  ///   - labels: [batch], 0 ≤ label < classes; -1 for a row without an image, which counts for nothing.
  ///   - input: writes the images, NHWC.
  /// - Throws: As ``trainStep(batch:labels:input:options:)``; ``EngineError/unsupported(_:)`` for several shards with a
  ///   BLAS.
  public func gradients(
    batch: Int, labels: UnsafePointer<Int32>, share: BatchShare, input: InputWriter, options: StepOptions
  ) throws -> [ShardResult] {
    try gradients(batch: batch, labels: labels, share: share, options: options, from: 0) {
      try $0.writeInput(0..<batch, input)
    }
  }

  /// The same from node `first` on, whose input `fill` writes.
  func gradients(
    batch: Int, labels: UnsafePointer<Int32>, share: BatchShare, options: StepOptions, from first: Int,
    fill: (Execution) throws -> Void
  ) throws -> [ShardResult] {
    let labels = UnsafeBufferPointer(start: labels, count: batch)
    try validate(labels: labels, lowest: -1)
    guard share.shards.images == batch else {
      throw EngineError.invalidValue(
        "gradients: got shards of \(share.shards.images) images and a batch of \(batch), expected as many")
    }
    // Any class will do for rows that count for nothing.
    let known = labels.map { max($0, 0) }
    let present = labels.map { $0 >= 0 }
    let weights = try LossWeights(
      options.sampleWeights, rows: batch, present: present, total: share.divisor, operation: "gradients")
    return try usage.writing("gradients") {
      var options = options
      options.dropout.firstImage = share.firstImage
      let hyperparameters = try options.hyperparameters(of: parameters)
      let credits = try known.withUnsafeBufferPointer { known in
        guard let known = known.baseAddress else { throw EngineError.invalidValue("gradients: an empty batch") }
        return try gradientsOfBatch(
          batch, labels: known, weights: weights, share: share, options: options, hyperparameters, from: first,
          fill: fill
        ).credits
      }
      let losses = try lossMemory(batch: batch).pointer
      return zip(share.shards.starts, share.shards.counts).map { start, count in
        var (loss, errors) = (0.0, 0.0)
        for row in start..<start + count where present[row] {
          loss += weights.weighted(losses[row], row: row)
          errors += 1 - credits[row]
        }
        return ShardResult(loss: loss, top1Errors: errors)
      }
    }
  }

  /// The gradients of dense layers of which all processes have given factors: those of the whole batch, the same in every
  /// process.
  /// - Parameter shards: all of the batch.
  /// - Throws: ``EngineError/invalidValue(_:)`` without factors of such a batch.
  public func gradientsOfFactors(shards: Shards) throws {
    try usage.writing("gradients_of_factors") { try denseGradients(shards: shards, context: try updateContext()) }
  }

  /// The second half: checks that the gradients, which may have been changed, are finite, and updates the weights.
  /// Commits entirely or not at all; the same gradients give the same verdict in every process.
  /// - Throws: As ``trainStep(batch:labels:input:options:)``.
  public func applyGradients(_ options: StepOptions) throws {
    try usage.writing("apply_gradients") {
      try update(options, try options.hyperparameters(of: parameters), context: try updateContext())
    }
  }}
