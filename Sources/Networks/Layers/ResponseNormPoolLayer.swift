import Kernels
import Tensors

/// Response normalisation and the pooling after it, fused for inference: the normalised map is never
/// stored.
struct ResponseNormPoolLayer: Layer {
  let norm: ResponseNormLayer
  let pool: MaxPoolLayer

  var inputShape: FeatureShape { norm.inputShape }
  var outputShape: FeatureShape { pool.outputShape }

  func forward(_ operands: ForwardOperands) throws {
    try LocalResponseNormalization.forwardPooled(
      try pool.shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), groups: norm.groups, parameters: norm.norm,
      input: operands.input,
      output: operands.output, context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws { throw Self.hasNoBackward }

  /// Nothing is kept for a backward pass.
  static let hasNoBackward = EngineError.unsupported(
    "response_norm and max_pool in one pass: there is no backward pass")
}
