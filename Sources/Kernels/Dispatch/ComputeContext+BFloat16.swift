import KernelTemplates
import Tensors

extension ComputeContext {
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16 arithmetic.
  func matrixKernelsBFloat16(operation: String) throws -> MatrixKernelsBFloat16 {
    guard let found = kernels.bfloat16 else {
      throw EngineError.unsupported(
        "\(operation): got bfloat16, the instruction set in use is \(kernels.name), expected avx512_bf16 or amx")
    }
    return found
  }
}
