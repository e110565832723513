import Parallel
import Tensors

/// Turns whole batches of bytes into a network's input, in one pass. Bytes are NHWC; so is the output.
public enum ImageInput {
  /// One crop per image, randomly placed, mirrored and colour-shifted: [n, H, W, C] → [n, crop, crop, C].
  ///
  /// Image i is drawn from (seed, step, firstIndex + i) alone, so a batch split over calls, threads or machines stays
  /// the same.
  public static func train(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    augmentation: Augmentation, seed: UInt64, step: UInt64, firstIndex: UInt64 = 0,
    output: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
  ) throws {
    let operation = "augmented images"
    try validate(count, height, width, channels, preprocessing, operation)
    let writer = CropWriter(preprocessing, height: height, width: width, channels: channels)
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
        top: draw.unmovedTop, left: draw.unmovedLeft, color: draw.color, gain: gain, output: target)
    }
  }

  /// The fixed evaluation crops: [n, H, W, C] → [n · views, crop, crop, C], the views of an image together.
  /// - Parameter range: the views to compute, counted over the whole batch; nil: all. A range may begin and end within
  ///   an image.
  public static func crops(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, channels: Int, preprocessing: Preprocessing,
    views: Views, range: Range<Int>? = nil, output: UnsafeMutablePointer<Float>, pool: ThreadPool = .shared
  ) throws {
    try validate(count, height, width, channels, preprocessing, views: views.count, "images")
    let range = range ?? 0..<count * views.count
    guard range.lowerBound >= 0, range.upperBound <= count * views.count else {
      throw EngineError.invalidValue("images: got views \(range), expected a part of 0..<\(count * views.count)")
    }
    let writer = CropWriter(preprocessing, height: height, width: width, channels: channels)
    let (bottom, right) = (height - writer.cropHeight, width - writer.cropWidth)
    try pool.forEach(range.count) { item, _ in
      let (image, view) = (range.lowerBound + item).quotientAndRemainder(dividingBy: views.count)
      let place = views.place(view, bottom: bottom, right: right)
      writer.write(
        image: images + image * height * width * channels, width: width, top: place.top, left: place.left,
        mirrored: place.mirrored, output: output + item * writer.outputCount)
    }
  }

  private static func validate(
    _ count: Int, _ height: Int, _ width: Int, _ channels: Int, _ preprocessing: Preprocessing, views: Int = 1,
    _ operation: String
  ) throws {
    guard count >= 0, min(height, width, channels) >= 1 else {
      throw EngineError.invalidValue(
        "\(operation): got \(count) images of \(height)×\(width)×\(channels), expected sizes of 1 or more")
    }
    _ = try Extent.product([count, height, width, channels], operation: operation)
    _ = try Extent.product(
      [count, preprocessing.cropHeight, preprocessing.cropWidth, channels, views], operation: operation)
    try preprocessing.validate(height: height, width: width, channels: channels, operation: operation)
  }
}
