import Parallel
import Tensors

/// Whole batches of bytes to a network's input, in one pass. Bytes are NHWC; so is the output.
public enum ImageInput {
  /// Which crops of an image are evaluated.
  public enum Views: Hashable, Sendable {
    case center
    /// Top left, top right, centre, bottom left, bottom right, then their mirror images in the same order (2012
    /// paper, section 4.1; the order is the authors' code's).
    case ten

    public var count: Int { self == .center ? 1 : 10 }
  }

  /// One crop an image, cut, mirrored and colour-shifted at random: [n, H, W, C] → [n, crop, crop, C].
  ///
  /// Image i is drawn from (seed, step, firstIndex + i) alone, so that a batch may be cut over calls, threads and
  /// machines and gives the same numbers.
  public static func train(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    augmentation: Augmentation, seed: UInt64, step: UInt64, firstIndex: UInt64 = 0,
    output: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
  ) throws {
    let operation = "augmented images"
    try validate(count, height, width, channels, preprocessing, operation)
    let writer = CropWriter(preprocessing, channels: channels)
    let (cropHeight, cropWidth, gain) = (writer.cropHeight, writer.cropWidth, augmentation.colorGain)
    try augmentation.validate(
      cropHeight: cropHeight, cropWidth: cropWidth, channels: channels, operation: operation)
    try pool.forEach(count) { i, _ in
      let draw = augmentation.draw(
        seed: seed, step: step, index: firstIndex &+ UInt64(i), verticalRoom: height - cropHeight,
        horizontalRoom: width - cropWidth)
      let (image, target) = (images + i * height * width * channels, output + i * writer.outputCount)
      guard augmentation.movesCrop else {
        return writer.write(
          image: image, width: width, top: draw.top, left: draw.left, mirrored: draw.mirrored, color: draw.color,
          gain: gain, output: target)
      }
      writer.write(
        MovedCrop(
          image: image, height: height, width: width, channels: channels, cropHeight: cropHeight,
          cropWidth: cropWidth, top: draw.top, left: draw.left, mirrored: draw.mirrored, angle: draw.angle),
        color: draw.color, gain: gain, output: target)
    }
  }

  /// The fixed crops of evaluation: [n, H, W, C] → [n · views, crop, crop, C], an image's views together.
  public static func crops(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    views: Views, output: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
  ) throws {
    try validate(count, height, width, channels, preprocessing, "images")
    let writer = CropWriter(preprocessing, channels: channels)
    let (bottom, right) = (height - writer.cropHeight, width - writer.cropWidth)
    try pool.forEach(count * views.count) { item, _ in
      let view = item % views.count
      let place: (top: Int, left: Int)
      switch views == .center ? 2 : view % 5 {
      case 0: place = (0, 0)
      case 1: place = (0, right)
      case 2: place = (bottom / 2, right / 2)
      case 3: place = (bottom, 0)
      default: place = (bottom, right)
      }
      writer.write(
        image: images + item / views.count * height * width * channels, width: width, top: place.top,
        left: place.left, mirrored: view >= 5, output: output + item * writer.outputCount)
    }
  }

  private static func validate(
    _ count: Int, _ height: Int, _ width: Int, _ channels: Int, _ preprocessing: Preprocessing, _ operation: String
  ) throws {
    guard count >= 0, min(height, width, channels) >= 1 else {
      throw EngineError.invalidValue(
        "\(operation): got \(count) images of \(height)×\(width)×\(channels), expected sizes of 1 or more")
    }
    _ = try Extent.product([count, height, width, channels], operation: operation)
    _ = try Extent.product(
      [count, preprocessing.cropHeight, preprocessing.cropWidth, channels, 10], operation: operation)
    try preprocessing.validate(height: height, width: width, channels: channels, operation: operation)
  }
}
