import Kernels
import Tensors

/// Shape inference without memory: what comes out of each node for one image. ``NetworkSpec/makeLayers()`` checks
/// more; both take sizes from ``ConvolutionShape`` and ``PoolingShape``.
extension NetworkSpec {
  /// - Throws: ``EngineError`` naming the node that refuses its input.
  public func outputShapes() throws -> [FeatureShape] {
    var shape = input
    var reader = "data"
    return try nodes.map { node in
      do { shape = try node.operation.outputShape(for: shape) } catch let error as EngineError {
        throw error.prefixed("\(name), node \(node.name) reading \(reader) (\(shape)): ")
      }
      reader = node.name
      return shape
    }
  }
}

extension NodeOperation {
  func outputShape(for input: FeatureShape) throws -> FeatureShape {
    switch self {
    case .relu, .tanh, .sigmoid, .responseNorm, .spatialResponseNorm, .dropout, .softmax: return input
    case .dense(let outputs): return FeatureShape(vector: outputs)
    case .adaptiveAveragePool(let size): return FeatureShape(height: size, width: size, channels: input.channels)
    case .convolution(let outputs, let kernel, let stride, let padding, let groups):
      return try Self.convolved(input, outputs, kernel, stride, padding, groups)
    case .locallyConnected(let outputs, let kernel, let stride, let padding):
      return try Self.convolved(input, outputs, kernel, stride, padding, 1)
    case .maxPool(let kernel, let stride, let padding, let ceilMode),
      .averagePool(let kernel, let stride, let padding, let ceilMode, _):
      let shape = try PoolingShape(
        batch: 1, inputHeight: input.height, inputWidth: input.width, channels: input.channels, kernelHeight: kernel,
        kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padding: padding, ceilMode: ceilMode,
        operation: kind)
      return FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: input.channels)
    }
  }

  private static func convolved(
    _ input: FeatureShape, _ outputs: Int, _ kernel: Int, _ stride: Int, _ padding: Padding, _ groups: Int
  ) throws -> FeatureShape {
    let shape = try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: padding, groups: groups)
    return FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: outputs)
  }
}
