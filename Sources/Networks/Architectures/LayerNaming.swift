/// Other frameworks' layer names, for networks they also have.
public enum LayerNaming: String, CaseIterable, Sendable {
  /// `features` and `classifier` are numbered sequences.
  case torchvision
  /// A layer includes its activation: `block1_conv1` is our `relu1_1`.
  case keras
}

extension Architecture {
  /// Pairs of their names and ours, in the order of the nodes; none if the framework has no such network.
  public func layerNames(_ naming: LayerNaming) throws -> [(theirs: String, ours: String)] {
    guard namings.contains(naming) else { return [] }
    switch naming {
    case .torchvision: return torchvisionNames(try spec().nodes)
    case .keras: return kerasNames
    }
  }

  /// In torchvision, the pool between the two sequences and the softmax belong to neither.
  private func torchvisionNames(_ nodes: [NodeSpec]) -> [(theirs: String, ours: String)] {
    let numbered = nodes.filter { !($0.operation.spec is AdaptiveAveragePoolSpec) && $0.operation != .softmax }
    let features = numbered.prefix { !($0.operation.spec is DenseSpec) && !($0.operation.spec is DropoutSpec) }
    return zip(0..., features).map { ("features.\($0)", $1.name) }
      + zip(0..., numbered.dropFirst(features.count)).map { ("classifier.\($0)", $1.name) }
  }
}
