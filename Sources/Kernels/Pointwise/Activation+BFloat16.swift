import KernelTemplates
import Tensors

extension Activation {
  /// y = max(x, 0); NaN stays NaN. Exact.
  public static func reluForward(
    count: Int, input: UnsafePointer<BFloat16>, output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "relu")
    let relu = context.kernels.pointwise.reluForward
    try Elements.forEachWidenedBlock(count, operands: 1, context: context) { start, count, x in
      bfloat16.widen(count, input + start, x)
      relu(count, x, x)
      bfloat16.narrow(count, x, output + start)
    }
  }

  /// dx = dy where y > 0 and 0 elsewhere. Exact. `inputGradient` may be `outputGradient`.
  public static func reluBackward(
    count: Int, output: UnsafePointer<BFloat16>, outputGradient: UnsafePointer<BFloat16>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "relu")
    let relu = context.kernels.pointwise.reluBackward
    try Elements.forEachWidenedBlock(count, operands: 2, context: context) { start, count, y in
      let gradient = y + Elements.widenedCount
      bfloat16.widen(count, output + start, y)
      bfloat16.widen(count, outputGradient + start, gradient)
      relu(count, y, gradient, gradient)
      bfloat16.narrow(count, gradient, inputGradient + start)
    }
  }
}
