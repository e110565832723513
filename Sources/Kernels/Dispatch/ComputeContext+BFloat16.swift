import KernelTemplates
import Tensors

extension ComputeContext {
  /// - Throws: ``EngineError/unsupported(_:)`` where the kernel table has no arithmetic for bfloat16.
  func bfloat16Kernels(operation: String) throws -> BFloat16Kernels {
    guard let found = kernels.bfloat16 else {
      throw EngineError.unsupported(
        "\(operation): got bfloat16, the instruction set in use is \(kernels.name), expected avx512_bf16 or amx")
    }
    return found
  }
}
