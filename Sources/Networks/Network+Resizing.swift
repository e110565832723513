import Tensors

extension Network {
  /// The layers, of which those through node `last` read images of another size, with the same parameters.
  /// - Throws: ``EngineError/invalidValue(_:)`` for images that a node cannot read, naming it;
  ///   ``EngineError/unsupported(_:)`` for a node whose parameters fit one size only.
  func layers(reading image: FeatureShape, through last: Int, operation: String) throws -> [any Layer] {
    if image == spec.input { return layers }
    guard min(image.height, image.width) >= 1, image.channels == spec.input.channels else {
      throw EngineError.invalidValue(
        "\(operation): got images of \(image), \(spec.name) reads \(spec.input.channels) channels")
    }
    _ = try Extent.product([image.height, image.width, image.channels], operation: operation)
    var (resized, shape) = (layers, image)
    for index in 0..<max(0, last + 1) {
      resized[index] = try layer(index, reading: shape, operation: operation)
      shape = resized[index].outputShape
    }
    return resized
  }

  /// A node's layer for an input of another size, with the same parameters.
  func layer(_ index: Int, reading input: FeatureShape, operation: String) throws -> any Layer {
    let (node, layer) = (spec.nodes[index], layers[index])
    if input == layer.inputShape { return layer }
    // Dropout draws nothing at test time, so its number does not matter.
    let site = LayerSite(name: node.name, input: input, dropouts: 1)
    do {
      return try layer.parameters.isEmpty ? node.operation.spec.makeLayer(site) : layer.resized(to: input)
    } catch let error as EngineError {
      throw error.prefixed("\(operation): \(spec.name), node \(node.name): ")
    }
  }

  /// The output of a node, for images of `height` × `width` pixels.
  public func outputShape(of node: String, height: Int, width: Int, operation: String) throws -> FeatureShape {
    let index = try self.node(named: node, operation: operation)
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    return try layers(reading: image, through: index, operation: operation)[index].outputShape
  }
}
