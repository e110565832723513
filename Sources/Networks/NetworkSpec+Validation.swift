import Tensors

/// Shape inference: turns every node into a layer, or reports which node refuses which input and why.
extension NetworkSpec {
  /// More nodes than any network of the papers, few enough to bound the work of a hostile specification.
  static let maximumNodeCount = 1000

  /// Throws unless every node accepts the shape that reaches it; allocates the parameters.
  func makeLayers() throws -> [any Layer] {
    try validateNames()
    var shape = input
    var reader = "data"
    var dropouts: UInt32 = 0
    return try nodes.map { node in
      if node.operation.spec is DropoutSpec { dropouts += 1 }
      let layer: any Layer
      do {
        layer = try node.operation.spec.makeLayer(LayerSite(name: node.name, input: shape, dropouts: dropouts))
        _ = try Extent.product(
          [layer.outputShape.height, layer.outputShape.width, layer.outputShape.channels], operation: node.name)
      } catch let error as EngineError {
        throw error.prefixed("\(name), node \(node.name) reading \(reader) (\(shape)): ")
      }
      shape = layer.outputShape
      reader = node.name
      return layer
    }
  }

  private func validateNames() throws {
    guard (1...Self.maximumNodeCount).contains(nodes.count) else {
      throw EngineError.invalidValue("\(name): got \(nodes.count) nodes, expected 1 to \(Self.maximumNodeCount)")
    }
    guard input.height >= 1, input.width >= 1, input.channels >= 1 else {
      throw EngineError.invalidValue("\(name): got input \(input), expected sizes of at least 1")
    }
    _ = try Extent.product([input.height, input.width, input.channels], operation: "\(name): input")
    var seen: Set<String> = ["data"]
    for node in nodes {
      guard seen.insert(node.name).inserted else {
        throw EngineError.invalidValue("\(name): two nodes are called '\(node.name)'")
      }
      guard (1...60).contains(node.name.utf8.count) else {
        throw EngineError.invalidValue("\(name): node name '\(node.name)' is not 1 to 60 bytes long")
      }
    }
    if let early = nodes.dropLast().first(where: { $0.operation == .softmax }) {
      throw EngineError.invalidValue("\(name): softmax '\(early.name)' is not the last node")
    }
  }
}

extension EngineError {
  /// The same error with a location before its text.
  func prefixed(_ place: String) -> EngineError {
    switch self {
    case .invalidValue(let text): return .invalidValue(place + text)
    case .outOfMemory(let text): return .outOfMemory(place + text)
    case .unsupported(let text): return .unsupported(place + text)
    case .nonFinite(let text): return .nonFinite(place + text)
    case .concurrentUse(let text): return .concurrentUse(place + text)
    case .interrupted: return .interrupted
    }
  }
}
