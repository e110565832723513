/// How a network's authors preprocessed images, for crops of any size and any number of channels.
public struct PreprocessingDefaults: Hashable, Sendable {
  /// How an image is resized; the same names are used where images are decoded.
  public enum Resampling: String, Sendable {
    /// Area average when shrinking, bicubic when enlarging: cuda-convnet2.
    case area
    /// Linear and antialiased: torchvision.
    case bilinear
    /// Linear between the four nearest pixels, which skips pixels when shrinking: Caffe's tools.
    case openCVBilinear = "opencv_bilinear"
    /// Average of whole pixels when shrinking, bicubic when enlarging: models of this package's first versions.
    case box
  }

  /// What the first training run replaces the mean with.
  public enum LearnedMean: String, Sendable {
    case none
    /// The mean of every pixel over its training set.
    case image
    /// The mean of every channel.
    case pixel
  }

  /// Side of the square to which an image is resized, for crops with one of the sides `crops`. For other sides it keeps
  /// the ratio of the first one.
  let resize: Int
  let crops: [Int]
  public let resampling: Resampling
  /// Whether the image is resized to the square without keeping its aspect ratio.
  public let isWarped: Bool
  /// In red, green, blue, on the scale 0 … 255.
  let mean: [Double]
  /// Divisors applied after the mean, in red, green, blue; nil: none.
  let deviation: [Double]?
  public let learnedMean: LearnedMean
  public let meanPosition: Preprocessing.MeanPosition

  init(
    resize: Int = 256, crops: [Int] = [224, 227], resampling: Resampling = .area, isWarped: Bool = false,
    mean: [Double] = Self.ilsvrcMean, deviation: [Double]? = nil, learnedMean: LearnedMean = .image,
    meanPosition: Preprocessing.MeanPosition = .center
  ) {
    (self.resize, self.crops) = (resize, crops)
    (self.resampling, self.isWarped) = (resampling, isWarped)
    (self.mean, self.deviation) = (mean, deviation)
    (self.learnedMean, self.meanPosition) = (learnedMean, meanPosition)
  }

  // MARK: For one size and number of channels

  public func resize(crop: Int) -> Int {
    guard let first = crops.first, !crops.contains(crop) else { return resize }
    return Int((Double(crop * resize) / Double(first)).rounded(.toNearestOrEven))
  }

  public func mean(channels: Int) -> [Float] { Self.values(mean, channels: channels) }

  /// Factors applied after the mean.
  public func scale(channels: Int) -> [Float]? { deviation.map { Self.values($0, channels: channels).map { 1 / $0 } } }

  /// RGB values for RGB, and their grey value for every channel otherwise (ITU-R 601-2, as in Pillow).
  private static func values(_ rgb: [Double], channels: Int) -> [Float] {
    guard channels != 3 else { return rgb.map { Float($0) } }
    let grey = zip([0.299, 0.587, 0.114], rgb).reduce(0) { $0 + $1.0 * $1.1 }
    return [Float](repeating: Float(grey), count: channels)
  }

  /// The same as text: `resize=256 crop=224 resample=area …`; numbers read back exactly. Means and scale are three
  /// numbers for three channels, otherwise one for all; without divisors there is no `scale`.
  public func text(crop: Int, channels: Int) -> String {
    let channels = channels == 3 ? 3 : 1
    func list(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ",") }
    let place = meanPosition == .crop ? "crop" : "center"
    var words = [
      "resize=\(resize(crop: crop))", "crop=\(crop)", "resample=\(resampling.rawValue)", "warp=\(isWarped ? 1 : 0)",
      "mean=\(list(mean(channels: channels)))", "learn_mean=\(learnedMean.rawValue)", "mean_at=\(place)",
    ]
    if let scale = scale(channels: channels) { words.append("scale=\(list(scale))") }
    return words.joined(separator: " ")
  }
}

/// The defaults of the papers and of well-known implementations.
extension PreprocessingDefaults {
  /// Channel means of the ILSVRC training set: cuda-convnet2, make-data/input_meta, `data_mean`.
  private static let ilsvrcMean = [127.3049, 119.7154, 104.9126]

  /// What the 2012 authors' code did: resized to 256, cropped to 224 (sections 2 and 4.1), and the centre of the mean
  /// image subtracted from every crop.
  public static let cudaConvnet = PreprocessingDefaults()
  /// As the 2012 paper says: the mean of each pixel is subtracted before cropping.
  public static let paper = PreprocessingDefaults(meanPosition: .crop)
  /// BVLC's tools warp images to a square (examples/imagenet/readme.md) with OpenCV's linear interpolation
  /// (src/caffe/util/io.cpp); the mean follows the crop (src/caffe/data_transformer.cpp), 227 from the same 256.
  public static let caffe = PreprocessingDefaults(resampling: .openCVBilinear, isWarped: true, meanPosition: .crop)
  /// torchvision/transforms/_presets.py, rescaled from 0 … 1 to 0 … 255.
  public static let torchvision = PreprocessingDefaults(
    resampling: .bilinear, mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
    deviation: [0.229 * 255, 0.224 * 255, 0.225 * 255], learnedMean: .none)
  /// Dive into Deep Learning, section 8.1: resized to the network's size, rescaled to 0 … 1.
  public static let diveIntoDeepLearning = PreprocessingDefaults(
    resize: 224, crops: [224], resampling: .bilinear, mean: [0, 0, 0], deviation: [255, 255, 255], learnedMean: .none)
  /// The mean of the released VGG networks, in R, G, B: gist.github.com/ksimonyan/211839e770f7b538e2d8.
  public static let vgg = PreprocessingDefaults(mean: [123.68, 116.779, 103.939], learnedMean: .pixel)
  /// cuda-convnet's CIFAR-10 networks read whole images of 32 × 32 pixels;
  public static let cifar = PreprocessingDefaults(resize: 32, crops: [32])
  /// those with locally connected layers read crops of 24 × 24.
  public static let cifarCrops = PreprocessingDefaults(resize: 32, crops: [24])
}
