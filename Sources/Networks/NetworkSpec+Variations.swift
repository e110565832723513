import Tensors

/// Networks derived from others, as values.
extension NetworkSpec {
  /// Every ReLU replaced; `relu1` is then called `tanh1`.
  public func with(activation: ActivationKind) -> NetworkSpec {
    var result = self
    result.nodes = nodes.map { node in
      guard node.operation == .relu else { return node }
      let rest = node.name.hasPrefix("relu") ? String(node.name.dropFirst(4)) : "_" + node.name
      return NodeSpec(activation.rawValue + rest, activation.operation)
    }
    return result
  }

  /// Every pool with its output size rounded up, as Caffe does, or down, as PyTorch does: a last window that reaches
  /// past the edge is kept or dropped.
  public func with(ceilMode: Bool) throws -> NetworkSpec {
    // A net that does not fit as it is may fit rounded up; whole-map convolutions are known only if all nodes fit.
    let whole = (try? wholeMapConvolutions()) ?? []
    var result = self
    result.nodes = nodes.map { NodeSpec($0.name, NodeOperation($0.operation.spec.with(ceilMode: ceilMode))) }
    return whole.isEmpty ? result : try result.fittingToTheirMaps(whole)
  }

  /// The network without some nodes; the activation of a removed layer goes with it (section 7 of the 2012
  /// paper: "removing any of the middle layers").
  /// - Throws: ``EngineError/invalidValue(_:)`` for an unknown name, or that of the layer that computes the classes.
  public func without(_ names: [String]) throws -> NetworkSpec {
    var removed: Set<Int> = []
    for name in names {
      guard let index = nodes.firstIndex(where: { $0.name == name }) else {
        throw EngineError.invalidValue(
          "without: \(self.name) has no node '\(name)', expected some of \(nodes.map(\.name).joined(separator: ", "))")
      }
      guard index != lastWeightedNode else {
        throw EngineError.invalidValue(
          "without: '\(name)' makes the classes of \(self.name), expected a node before it")
      }
      removed.insert(index)
      if let activation = activation(of: index) { removed.insert(activation) }
    }
    guard !removed.isEmpty else { return self }
    let whole = try wholeMapConvolutions()
    var result = self
    result.nodes = nodes.indices.filter { !removed.contains($0) }.map { nodes[$0] }
    return try result.fittingToTheirMaps(whole.subtracting(names))
  }

  /// The layer that computes the logits.
  var lastWeightedNode: Int? { nodes.lastIndex { $0.operation.spec.isWeighted } }

  /// The first activation after a weighted node and before the next one.
  private func activation(of index: Int) -> Int? {
    guard nodes[index].operation.spec.isWeighted else { return nil }
    let rest = nodes[(index + 1)...]
    let end = rest.firstIndex { $0.operation.spec.isWeighted } ?? nodes.endIndex
    return rest[..<end].firstIndex { $0.operation.spec.isActivation }
  }

  /// Convolutions that act as dense layers: one window, without padding.
  private func wholeMapConvolutions() throws -> Set<String> {
    let inputs = [input] + (try outputShapes())
    return Set(zip(nodes, inputs).filter { $0.operation.coversMap($1) }.map(\.0.name))
  }

  /// The same network with the kernels of the named convolutions resized to the maps that now reach them.
  private func fittingToTheirMaps(_ names: Set<String>) throws -> NetworkSpec {
    var result = self
    var map = input
    for (index, node) in nodes.enumerated() {
      if names.contains(node.name), var convolution = node.operation.spec as? ConvolutionSpec {
        convolution.kernel = map.height
        result.nodes[index].operation = NodeOperation(convolution)
      }
      map = try result.nodes[index].operation.spec.outputShape(for: map)
    }
    return result
  }
}

extension NodeOperation {
  /// Whether the node is a convolution whose one window is all of `input`, without padding: a dense layer by another name.
  func coversMap(_ input: FeatureShape) -> Bool { (spec as? ConvolutionSpec)?.covers(input) ?? false }
}
