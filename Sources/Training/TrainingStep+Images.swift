import Imaging
import Networks
import Tensors

extension Network {
  /// A step on uint8 images [count][height][width][channels], as many channels as the network takes, cropped, mirrored
  /// and coloured under the step's key directly into the network's input.
  public func trainStep(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, labels: UnsafePointer<Int32>,
    preprocessing: Preprocessing, augmentation: Augmentation, options: StepOptions
  ) throws -> StepResult {
    try trainStep(
      batch: count, labels: labels,
      input: try augmented(
        images, height: height, width: width, preprocessing: preprocessing, augmentation: augmentation,
        key: options.dropout), options: options)
  }

  /// ``gradients(batch:labels:share:input:options:)`` of uint8 images.
  public func gradients(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, labels: UnsafePointer<Int32>,
    share: BatchShare, preprocessing: Preprocessing, augmentation: Augmentation, options: StepOptions
  ) throws -> [ShardResult] {
    var key = options.dropout
    key.firstImage = share.firstImage
    return try gradients(
      batch: count, labels: labels, share: share,
      input: try augmented(
        images, height: height, width: width, preprocessing: preprocessing, augmentation: augmentation, key: key),
      options: options)
  }

  /// Writes the network's input from images, drawn by their places from `key.firstImage` on.
  private func augmented(
    _ images: UnsafePointer<UInt8>, height: Int, width: Int, preprocessing: Preprocessing,
    augmentation: Augmentation, key: DropoutKey
  ) throws -> InputWriter {
    let channels = spec.input.channels
    try requireInput(
      FeatureShape(height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: channels),
      operation: "train_step")
    return whitened { input, range, _ in
      try ImageInput.train(
        images: images + range.lowerBound * height * width * channels, count: range.count, height: height,
        width: width, channels: channels, preprocessing: preprocessing, augmentation: augmentation, seed: key.seed,
        step: key.step, firstIndex: UInt64(key.firstImage + range.lowerBound), output: input, pool: .shared)
    }
  }
}
