import Imaging
import Tensors

/// Every named network, by family and variant or by its name in the whole catalogue.
public enum Catalog {
  public enum Family: String, CaseIterable, Sendable, CustomStringConvertible {
    case alexnet, vgg, cifar

    public var description: String { rawValue }

    /// The prefix of a variant's name in the whole catalogue; AlexNet's have none.
    var prefix: String { self == .alexnet ? "" : rawValue + "-" }

    public var variants: [any Architecture] {
      switch self {
      case .alexnet: return AlexNet.variants
      case .vgg: return VGG.variants
      case .cifar: return CIFARNet.variants
      }
    }

    /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names.
    public func variant(_ name: String) throws -> any Architecture {
      switch self {
      case .alexnet: return try AlexNet.variant(name)
      case .vgg: return try VGG.variant(name)
      case .cifar: return try CIFARNet.variant(name)
      }
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known families.
  public static func family(_ name: String) throws -> Family {
    if let family = Family(rawValue: name) { return family }
    let expected = NearestName.expected(Family.allCases.map(\.rawValue), insteadOf: name)
    throw EngineError.invalidValue("catalogue: got family '\(name)', \(expected)")
  }

  public static let all: [any Architecture] = Family.allCases.flatMap(\.variants)

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names.
  public static func variant(_ name: String) throws -> any Architecture {
    if let found = all.first(where: { $0.catalogName == name }) { return found }
    let expected = NearestName.expected(all.map(\.catalogName), insteadOf: name, elsewhere: namesElsewhere)
    throw EngineError.invalidValue("catalogue: got '\(name)', \(expected)")
  }

  /// How images become the input of the network with that name in the whole catalogue; for any other name, what the
  /// authors of the 2012 paper did.
  public static func preprocessing(of name: String) -> PreprocessingDefaults {
    all.first { $0.catalogName == name }?.preprocessing ?? .cudaConvnet
  }

  /// Pairs of a framework's layer names and ours for that network; none for other networks.
  public static func layerNames(of name: String, _ naming: LayerNaming) throws -> [(theirs: String, ours: String)] {
    try all.first { $0.catalogName == name }?.layerNames(naming) ?? []
  }

  /// The known name that `name` probably means: ours where others use another name, or else the nearest.
  /// - Parameter evenIfFar: see ``NearestName/nearest(to:among:evenIfFar:)``.
  public static func nearest(to name: String, among known: [String], evenIfFar: Bool) -> String? {
    let plain = NearestName.plain(name)
    let ours = [VGG.namesElsewhere[plain], namesElsewhere[plain]].compactMap { $0 }.first(where: known.contains)
    return ours ?? NearestName.nearest(to: name, among: known, evenIfFar: evenIfFar)
  }

  /// What others call some of the networks.
  private static var namesElsewhere: [String: String] { VGG.namesElsewhere.mapValues { Family.vgg.prefix + $0 } }
}
