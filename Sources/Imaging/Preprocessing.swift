import Tensors

/// How bytes become a network's input: a crop, minus a mean, times a factor. Kept with a model, because weights only
/// work with the preprocessing they were trained with.
public struct Preprocessing: Hashable, Sendable {
  public enum Mean: Hashable, Sendable {
    case none
    /// One number per channel.
    case channels([Float])
    /// A mean image, height × width × channels. `MeanPosition` says which part of it is used for a crop.
    case image(height: Int, width: Int, values: [Float])
  }

  /// Which part of a mean image is subtracted from a crop.
  public enum MeanPosition: Hashable, Sendable {
    /// Its centre, as large as the crop, wherever the crop came from, and never mirrored: the 2012 authors' code.
    case center
    /// The part under the crop, mirrored with it: the mean of each pixel, as in the 2012 paper and Caffe. For images of
    /// a different size than the mean image, the centre is used.
    case crop
  }

  public let cropHeight: Int
  public let cropWidth: Int
  public let mean: Mean
  public let meanPosition: MeanPosition
  /// A factor per channel, applied after the mean: 1 / deviation. Empty means 1.
  public let scale: [Float]

  public init(
    cropHeight: Int, cropWidth: Int, mean: Mean = .none, scale: [Float] = [], meanPosition: MeanPosition = .center
  ) throws {
    guard cropHeight >= 1, cropWidth >= 1 else {
      throw EngineError.invalidValue("preprocessing: got a crop of \(cropHeight)×\(cropWidth), expected 1×1 or larger")
    }
    guard scale.allSatisfy(\.isFinite) else {
      throw EngineError.invalidValue("preprocessing: got a scale of \(scale), expected finite numbers")
    }
    switch mean {
    case .none: break
    case .channels(let values):
      guard values.allSatisfy(\.isFinite) else {
        throw EngineError.invalidValue("preprocessing: got channel means \(values), expected finite numbers")
      }
    case .image(let height, let width, let values):
      guard height >= cropHeight, width >= cropWidth else {
        throw EngineError.invalidValue(
          "preprocessing: the mean image of \(height)×\(width) is smaller than the crop \(cropHeight)×\(cropWidth)")
      }
      let pixels = try Extent.product([height, width], operation: "preprocessing")
      guard !values.isEmpty, values.count % pixels == 0, values.allSatisfy(\.isFinite) else {
        throw EngineError.invalidValue(
          "preprocessing: the mean image of \(height)×\(width) has \(values.count) values, expected finite numbers, "
            + "\(pixels) for each channel")
      }
    }
    self.cropHeight = cropHeight
    self.cropWidth = cropWidth
    self.mean = mean
    self.meanPosition = meanPosition
    self.scale = scale
  }

  /// The same for whole images of `height` × `width` pixels, as dense evaluation reads them. A mean image covers only a
  /// square, so it is replaced by its channel means over the centre crop, whatever the image's size: all images are
  /// treated alike.
  public func whole(height: Int, width: Int) throws -> Preprocessing {
    try Preprocessing(cropHeight: height, cropWidth: width, mean: meanOfChannels, scale: scale)
  }

  private var meanOfChannels: Mean {
    guard case .image(let height, let width, let values) = mean else { return mean }
    let channels = values.count / (height * width)
    let (top, left) = ((height - cropHeight) / 2, (width - cropWidth) / 2)
    var sums = [Double](repeating: 0, count: channels)
    for row in top..<top + cropHeight {
      for index in (row * width + left) * channels..<(row * width + left + cropWidth) * channels {
        sums[index % channels] += Double(values[index])
      }
    }
    return .channels(sums.map { Float($0 / Double(cropHeight * cropWidth)) })
  }

  /// Fails if means or scale are for another number of channels, or if the crop does not fit the image.
  func validate(height: Int, width: Int, channels: Int, operation: String) throws {
    guard height >= cropHeight, width >= cropWidth else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(height)×\(width) pixels, smaller than the crop \(cropHeight)×\(cropWidth)")
    }
    guard scale.isEmpty || scale.count == channels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(channels) channels, the scale is for \(scale.count)")
    }
    let meanChannels: Int
    switch mean {
    case .none: return
    case .channels(let values): meanChannels = values.count
    case .image(let height, let width, let values): meanChannels = values.count / (height * width)
    }
    guard meanChannels == channels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(channels) channels, the mean is for \(meanChannels)")
    }
  }
}
