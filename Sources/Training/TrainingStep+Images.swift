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
    let channels = spec.input.channels
    try requireInput(
      FeatureShape(height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: channels),
      operation: "train_step")
    return try trainStep(
      batch: count, labels: labels,
      input: whitened { input, range, _ in
        try ImageInput.train(
          images: images + range.lowerBound * height * width * channels, count: range.count, height: height,
          width: width, channels: channels, preprocessing: preprocessing, augmentation: augmentation,
          seed: options.dropout.seed, step: options.dropout.step, firstIndex: UInt64(range.lowerBound), output: input,
          pool: .shared)
      }, options: options)
  }
}
