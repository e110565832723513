import Imaging
import Tensors

/// A row of an architecture's table: what a variant is, where it comes from, and its nodes.
public protocol Architecture: Sendable {
  static var family: Catalog.Family { get }
  static var variants: [Self] { get }
  /// What others call some of the variants, in lower case and without hyphens.
  static var namesElsewhere: [String: String] { get }

  /// Within its family: `paper`, `D`, `18pct`.
  var name: String { get }
  /// One line, with the source.
  var summary: String { get }
  /// What its authors trained it with: outputs, colour channels, image side, initial weights.
  var defaultClasses: Int { get }
  var defaultChannels: Int { get }
  var defaultImageSize: Int { get }
  var defaultInitialization: Initialization { get }
  /// How its authors turned images into its input.
  var preprocessing: PreprocessingDefaults { get }
  /// The frameworks that have the same network with their own layer names, see ``layerNames(_:)``.
  var namings: [LayerNaming] { get }
  /// Pairs of Keras's names and ours, if Keras has the network.
  var kerasNames: [(theirs: String, ours: String)] { get }

  /// Everything between the image and the probabilities.
  func nodes(classes: Int, input: FeatureShape) throws -> [NodeSpec]
}

extension Architecture {
  public static var namesElsewhere: [String: String] { [:] }
  public var namings: [LayerNaming] { [] }
  public var kerasNames: [(theirs: String, ours: String)] { [] }

  /// Within the whole catalogue, in saved models and on the command line: `paper`, `vgg-D`, `cifar-18pct`.
  public var catalogName: String { Self.family.prefix + name }

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names and the nearest one.
  public static func variant(_ name: String) throws -> Self {
    if let found = variants.first(where: { $0.name == name }) { return found }
    let expected = NearestName.expected(variants.map(\.name), insteadOf: name, elsewhere: namesElsewhere)
    throw EngineError.invalidValue("\(family): got variant '\(name)', \(expected)")
  }

  /// The specification for `classes` classes and images of `channels` × `imageSize` × `imageSize`, its pools rounded as
  /// ``NetworkSpec/with(ceilMode:)`` says; nil: the variant's default.
  /// - Throws: ``EngineError/invalidValue(_:)`` for images that are too small, naming the smallest.
  public func spec(
    classes: Int? = nil, channels: Int? = nil, imageSize: Int? = nil, ceilMode: Bool? = nil
  ) throws -> NetworkSpec {
    let classes = classes ?? defaultClasses
    let (channels, side) = (channels ?? defaultChannels, imageSize ?? defaultImageSize)
    guard classes >= 1 else {
      throw EngineError.invalidValue("\(Self.family): got \(classes) classes, expected at least 1")
    }
    guard (1...65536).contains(side), (1...65536).contains(channels) else {
      throw EngineError.invalidValue(
        "\(Self.family): got images of \(channels)×\(side)×\(side), expected sizes from 1 to 65536")
    }
    do { return try spec(classes, channels, side, ceilMode) } catch EngineError.invalidValue(let text) {
      guard let smallest = try smallestSide(above: side, classes, channels, ceilMode) else {
        throw EngineError.invalidValue(text)
      }
      throw EngineError.invalidValue("\(text); the smallest image is \(smallest)×\(smallest)")
    }
  }

  /// - Throws: ``EngineError`` naming the node that refuses its input.
  private func spec(_ classes: Int, _ channels: Int, _ side: Int, _ ceilMode: Bool?) throws -> NetworkSpec {
    let input = FeatureShape(height: side, width: side, channels: channels)
    var spec = NetworkSpec(name: catalogName, input: input, nodes: try nodes(classes: classes, input: input))
    if let ceilMode { spec = try spec.with(ceilMode: ceilMode) }
    _ = try spec.outputShapes()
    return spec
  }

  /// The smallest image above `side` that all nodes accept, if there is one.
  private func smallestSide(above side: Int, _ classes: Int, _ channels: Int, _ ceilMode: Bool?) throws -> Int? {
    guard side < defaultImageSize else { return nil }
    return try (side + 1...defaultImageSize).first { side in
      do {
        _ = try spec(classes, channels, side, ceilMode)
        return true
      } catch EngineError.invalidValue { return false }
    }
  }
}
