import Kernels
import Tensors

extension ConvolutionLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    try forwardDirectly(try shape.withBatch(operands.batch), operands, packedAs: .packedBFloat16)
  }
}
