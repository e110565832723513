import Tensors

/// A kind of layer as a value, without memory or parameters: its fields and what follows from them. Each kind has one,
/// in the file of its layer; `LayerRegistry` lists them.
protocol LayerSpec: Hashable, Sendable {
  /// Its name in specifications and tables.
  static var kind: String { get }

  /// From the fields of a line of a specification.
  init(fields: inout SpecFields) throws
  /// The same fields as text, each preceded by a space.
  var fields: String { get }

  /// - Throws: ``EngineError`` if the layer refuses the input.
  func outputShape(for input: FeatureShape) throws -> FeatureShape
  /// Checks all that ``outputShape(for:)`` checks, and more; allocates the parameters.
  func makeLayer(_ site: LayerSite) throws -> any Layer

  /// Whether it has parameters.
  var isWeighted: Bool { get }
  /// Whether it is an elementwise function that follows a weighted layer and is removed with it.
  var isActivation: Bool { get }
  /// Whether dense evaluation feeds the node windows instead of the whole feature map.
  var seesWindows: Bool { get }
  /// A pool with its output size rounded up or down; any other kind unchanged.
  func with(ceilMode: Bool) -> Self

  /// Whether an output reads channels of several towers, for a node between the first and the last weighted layer.
  func crosses(towers: Int) -> Bool
  /// The channels of the whole map that one tower needs, if outputs read channels of several towers.
  func reads(_ cut: TowerCut) throws -> Range<Int>
  /// What one tower computes.
  func part(_ cut: TowerCut) throws -> Self
}

extension LayerSpec {
  var fields: String { "" }
  func outputShape(for input: FeatureShape) throws -> FeatureShape { input }
  var isWeighted: Bool { false }
  var isActivation: Bool { false }
  var seesWindows: Bool { false }
  func with(ceilMode: Bool) -> Self { self }
  func crosses(towers: Int) -> Bool { false }
  func reads(_ cut: TowerCut) throws -> Range<Int> { 0..<cut.channels }
  func part(_ cut: TowerCut) throws -> Self { self }
}

/// A layer's position in its network.
struct LayerSite {
  /// The node's name.
  let name: String
  let input: FeatureShape
  /// Dropout layers up to and including this node: each draws different masks.
  let dropouts: UInt32
}

/// What a node computes. The kinds are static members, each in the file of its layer.
public struct NodeOperation: Hashable, Sendable {
  let spec: any LayerSpec

  init(_ spec: any LayerSpec) { self.spec = spec }

  /// Its name in specifications and tables.
  public var kind: String { type(of: spec).kind }

  public static func == (first: NodeOperation, second: NodeOperation) -> Bool { first.spec.equals(second.spec) }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(spec)
  }
}

extension LayerSpec {
  fileprivate func equals(_ other: any LayerSpec) -> Bool { other as? Self == self }
}
