import Tensors

/// Shape inference without memory: each node's output shape for one image. ``NetworkSpec/makeLayers()`` checks more.
extension NetworkSpec {
  /// - Throws: ``EngineError`` naming the node that refuses its input.
  public func outputShapes() throws -> [FeatureShape] {
    var shape = input
    var reader = "data"
    return try nodes.map { node in
      do { shape = try node.operation.spec.outputShape(for: shape) } catch let error as EngineError {
        throw error.prefixed("\(name), node \(node.name) reading \(reader) (\(shape)): ")
      }
      reader = node.name
      return shape
    }
  }
}
