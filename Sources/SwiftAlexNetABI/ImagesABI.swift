import CSwiftAlexNet
import Imaging
import Networks
import Tensors

/// A batch of uint8 images with checked sizes.
struct ImageBatch {
  let pixels: UnsafePointer<UInt8>
  let count, height, width, channels: Int
  /// Bounds the per-channel data outside tensor memory, like the networks' own limit.
  private static let maximumChannels = 65536

  init(_ images: sax_images, operation: String) throws {
    pixels = images.pixels
    count = try Argument.size(images.count, "\(operation): number of images")
    height = try Argument.size(images.height, "\(operation): image height")
    width = try Argument.size(images.width, "\(operation): image width")
    channels = try Argument.size(images.channels, "\(operation): image channels")
    guard channels <= Self.maximumChannels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(channels) channels, expected at most \(Self.maximumChannels)")
    }
    _ = try Extent.product([count, height, width, channels], operation: operation)
  }

  /// Images from which `network` reads crops, and their preprocessing.
  static func checked(
    _ images: sax_images, _ preprocessing: sax_preprocessing, for network: Network, operation: String
  ) throws -> (ImageBatch, Preprocessing) {
    let batch = try ImageBatch(images, operation: operation)
    let preprocessing = try Preprocessing(preprocessing, channels: batch.channels)
    try network.requireInput(
      FeatureShape(
        height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: batch.channels),
      operation: operation)
    return (batch, preprocessing)
  }
}

extension Preprocessing {
  init(_ value: sax_preprocessing, channels: Int) throws {
    let (height, width) = (
      try Argument.size(value.crop_height, "crop height"), try Argument.size(value.crop_width, "crop width")
    )
    let scale = value.scale.map { Array(UnsafeBufferPointer(start: $0, count: channels)) }
    try self.init(
      cropHeight: height, cropWidth: width, mean: try Mean(value, channels: channels),
      scale: scale ?? [Float](repeating: 1, count: channels), meanPosition: try MeanPosition(value.mean_position))
  }
}

extension Preprocessing.MeanPosition {
  fileprivate init(_ value: Int32) throws {
    switch Int(value) {
    case Int(SAX_MEAN_AT_CENTER): self = .center
    case Int(SAX_MEAN_AT_CROP): self = .crop
    default: throw EngineError.invalidValue("mean position: got \(value), expected 0 or 1")
    }
  }
}

extension Preprocessing.Mean {
  /// 8192 × 8192: far above any network's input, small enough to copy.
  private static let maximumCount = 1 << 26

  fileprivate init(_ value: sax_preprocessing, channels: Int) throws {
    guard Int(value.mean_kind) != Int(SAX_MEAN_NONE) else {
      self = .none
      return
    }
    guard let mean = value.mean else {
      throw EngineError.invalidValue("mean: got no values for kind \(value.mean_kind)")
    }
    switch Int(value.mean_kind) {
    case Int(SAX_MEAN_CHANNELS): self = .channels(Array(UnsafeBufferPointer(start: mean, count: channels)))
    case Int(SAX_MEAN_IMAGE):
      let (height, width) = (
        try Argument.size(value.mean_height, "mean height"), try Argument.size(value.mean_width, "mean width")
      )
      let count = try Extent.product([height, width, channels], operation: "mean image")
      guard count <= Self.maximumCount else {
        throw EngineError.invalidValue(
          "mean image: got \(height)×\(width)×\(channels), expected at most \(Self.maximumCount) values")
      }
      self = .image(
        height: height, width: width, values: Array(UnsafeBufferPointer(start: mean, count: count)))
    default: throw EngineError.invalidValue("mean: got kind \(value.mean_kind), expected 0, 1 or 2")
    }
  }
}

extension Augmentation {
  init(_ value: sax_augmentation) throws {
    let (vectors, deviations) = (value.eigenvectors, value.deviations)
    try self.init(
      randomCrop: value.random_crop != 0, flip: value.flip != 0, colorNoise: value.color_noise,
      eigenvectors: withUnsafeBytes(of: vectors) { Array($0.bindMemory(to: Float.self)) },
      deviations: withUnsafeBytes(of: deviations) { Array($0.bindMemory(to: Float.self)) },
      colorDivisor: value.color_divisor, chunk: Int(value.chunk), rotation: value.rotation, shift: Int(value.shift))
  }
}

extension ImageInput.Views {
  init(count: Int64) throws {
    switch count {
    case 1: self = .center
    case 2: self = .centerAndMirror
    case 9: self = .grid9
    case 10: self = .ten
    case 50: self = .grid50
    default: throw EngineError.invalidValue("crops: got \(count), expected 1, 2, 9, 10 or 50")
    }
  }
}

@c @implementation
public func sax_augment_images(
  _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ augmentation: UnsafePointer<sax_augmentation>, _ seed: UInt64, _ step: UInt64, _ output: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let batch = try ImageBatch(images.pointee, operation: "augment_images")
    try ImageInput.train(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, channels: batch.channels,
      preprocessing: try Preprocessing(preprocessing.pointee, channels: batch.channels),
      augmentation: try Augmentation(augmentation.pointee), seed: seed, step: step, firstIndex: 0, output: output,
      pool: .shared)
  }
}

@c @implementation
public func sax_crop_images(
  _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>, _ views: Int64,
  _ output: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let batch = try ImageBatch(images.pointee, operation: "crop_images")
    try ImageInput.crops(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, channels: batch.channels,
      preprocessing: try Preprocessing(preprocessing.pointee, channels: batch.channels),
      views: try ImageInput.Views(count: views), output: output, pool: .shared)
  }
}

@c @implementation
public func sax_drawn_views(
  _ augmentation: UnsafePointer<sax_augmentation>, _ seed: UInt64, _ step: UInt64, _ count: Int64,
  _ views: UnsafeMutablePointer<Int32>
) -> Int32 {
  status {
    let augmentation = try Augmentation(augmentation.pointee)
    guard augmentation.views != nil else {
      throw EngineError.invalidValue(
        "drawn_views: got random crops, colour noise, rotation or shift, expected the centre crop, mirrored or not")
    }
    for index in 0..<(try Argument.size(count, "drawn_views: count")) {
      views[index] = Int32(augmentation.view(seed: seed, step: step, index: UInt64(index)))
    }
  }
}
