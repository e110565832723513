import Tensors

/// A network as a value: named nodes in a chain, each reading the one before it. No memory, no parameters;
/// ``Network`` is built from it. Architectures are tables of such values.
public struct NetworkSpec: Hashable, Sendable {
  /// The architecture's name: `paper`, `owt` …
  public var name: String
  /// The shape of one image as the network reads it.
  public var input: FeatureShape
  public var nodes: [NodeSpec]

  public init(name: String, input: FeatureShape, nodes: [NodeSpec]) {
    self.name = name
    self.input = input
    self.nodes = nodes
  }
}

/// One node: its name, as in Caffe, and what it computes.
public struct NodeSpec: Hashable, Sendable {
  public var name: String
  public var operation: NodeOperation

  public init(_ name: String, _ operation: NodeOperation) {
    self.name = name
    self.operation = operation
  }
}
