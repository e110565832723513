import Kernels
import Tensors

extension ResponseNormPoolLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    try LocalResponseNormalization.forwardPooled(
      try pool.shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), groups: norm.groups, parameters: norm.norm,
      input: operands.input,
      output: operands.output, context: operands.context)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws { throw Self.hasNoBackward }
}
