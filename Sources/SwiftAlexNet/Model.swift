import Imaging
import Networks
import Synchronization
import Tensors

/// A network and what belongs to its weights: how images become its input, and the names of its classes.
///
/// Any number of threads may predict at once; training has the model to itself.
public final class Model: Sendable {
  public let network: Network
  /// Names, in the order of the network's outputs.
  public let classes: [String]
  /// What its file says besides; nil if it was not read from one.
  package let details: ModelDetails?
  private let known: Mutex<Known>

  private struct Known {
    var preprocessing: Preprocessing?
    /// What the next `fit` replaces the mean with.
    var nextMean: PreprocessingDefaults.LearnedMean
  }

  /// - Parameter preprocessing: if nil, the first `fit` learns the mean image of its training set.
  /// - Throws: ``EngineError/invalidValue(_:)`` unless there is a name for every output and crops have the network's
  ///   input size.
  public convenience init(network: Network, classes: [String], preprocessing: Preprocessing? = nil) throws {
    let authors = Catalog.preprocessing(of: network.spec.name)
    try self.init(
      network: network, classes: classes, preprocessing: preprocessing,
      nextMean: preprocessing == nil ? authors.learnedMean : .none, details: nil)
  }

  /// A model as its file describes it.
  package init(
    network: Network, classes: [String], preprocessing: Preprocessing?,
    nextMean: PreprocessingDefaults.LearnedMean, details: ModelDetails?
  ) throws {
    guard classes.count == network.classCount else {
      throw EngineError.invalidValue(
        "model: got \(classes.count) names of classes, \(network.spec.name) has \(network.classCount) outputs")
    }
    if let preprocessing { try network.requireCrops(of: preprocessing, operation: "model") }
    self.network = network
    self.classes = classes
    self.details = details
    known = Mutex(Known(preprocessing: preprocessing, nextMean: nextMean))
  }

  /// A model of your own network, with random weights.
  public convenience init(
    spec: NetworkSpec, classes: [String], initialization: Initialization = .torchvision, seed: UInt64 = 0,
    preprocessing: Preprocessing? = nil
  ) throws {
    let network = try Network(spec: spec, initialization: initialization, seed: seed)
    try self.init(network: network, classes: classes, preprocessing: preprocessing)
  }

  /// How images become the network's input; nil until given or learned.
  public var preprocessing: Preprocessing? { known.withLock { $0.preprocessing } }

  /// What the next `fit` replaces the mean with.
  package var nextMean: PreprocessingDefaults.LearnedMean { known.withLock { $0.nextMean } }

  /// Whether the next `fit` keeps the preprocessing.
  var isPreprocessingFinal: Bool { known.withLock { $0.preprocessing != nil && $0.nextMean == .none } }

  /// Keeps what the first training run learned.
  func learned(_ preprocessing: Preprocessing) {
    known.withLock { $0 = Known(preprocessing: preprocessing, nextMean: .none) }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` if none has been given or learned.
  func requirePreprocessing(_ operation: String) throws -> Preprocessing {
    if let preprocessing { return preprocessing }
    throw EngineError.invalidValue(
      "\(operation): the model has no preprocessing yet: fit it, which learns the mean image, or make it with "
        + "preprocessing:")
  }
}

// MARK: Networks of the catalogue

extension Model {
  /// AlexNet or one of its relatives: `paper` (Krizhevsky et al. 2012), `chm145`, `owt`, `caffe` …
  /// - Parameters:
  ///   - channels: of an image; nil: the variant's default, 3 for most.
  ///   - imageSize: side of the square input; nil: the variant's default, 224 or 227.
  ///   - initialization: nil: the variant's default.
  ///   - seed: of the random weights.
  /// - Throws: ``EngineError/invalidValue(_:)`` for an unknown name, listing the known ones, and for images that are
  ///   too small; ``EngineError/outOfMemory(_:)``.
  public static func alexnet(
    _ variant: String = "paper", classes: [String], channels: Int? = nil, imageSize: Int? = nil,
    initialization: Initialization? = nil, seed: UInt64 = 0
  ) throws -> Model {
    try build(.alexnet, variant, classes, channels, imageSize, initialization, seed)
  }

  /// One of the networks of Simonyan and Zisserman 2014, `A` to `E`; D is VGG-16. For the rest see
  /// ``alexnet(_:classes:channels:imageSize:initialization:seed:)``.
  public static func vgg(
    _ variant: String = "D", classes: [String], channels: Int? = nil, imageSize: Int? = nil,
    initialization: Initialization? = nil, seed: UInt64 = 0
  ) throws -> Model {
    try build(.vgg, variant, classes, channels, imageSize, initialization, seed)
  }

  /// One of cuda-convnet's networks for CIFAR-10, images of 32 × 32 pixels: `80sec`, `18pct` … For the rest see
  /// ``alexnet(_:classes:channels:imageSize:initialization:seed:)``.
  public static func cifarNet(
    _ variant: String = "18pct", classes: [String], channels: Int? = nil, imageSize: Int? = nil,
    initialization: Initialization? = nil, seed: UInt64 = 0
  ) throws -> Model {
    try build(.cifar, variant, classes, channels, imageSize, initialization, seed)
  }

  private static func build(
    _ family: Catalog.Family, _ variant: String, _ classes: [String], _ channels: Int?, _ imageSize: Int?,
    _ initialization: Initialization?, _ seed: UInt64
  ) throws -> Model {
    let row = try family.variant(variant)
    let spec = try row.spec(classes: classes.count, channels: channels, imageSize: imageSize)
    return try Model(
      spec: spec, classes: classes, initialization: initialization ?? row.defaultInitialization, seed: seed)
  }
}

extension Network {
  /// - Throws: ``EngineError/invalidValue(_:)`` unless the crops have the network's input size.
  func requireCrops(of preprocessing: Preprocessing, operation: String) throws {
    try requireInput(
      FeatureShape(
        height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: spec.input.channels),
      operation: operation)
  }
}
