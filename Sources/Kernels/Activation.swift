import Tensors

/// ReLU and the two sums that networks need, over `count` floats. Exact; outputs may be inputs.
public enum Activation {
  /// y = max(x, 0); NaN stays NaN (2012 paper, section 3.1).
  public static func reluForward(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.reluForward
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, output + $0) }
  }

  /// dx = dy where y > 0 and 0 elsewhere, so the gradient at 0 is 0. `output` is y (x serves as well).
  public static func reluBackward(
    count: Int, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.reluBackward
    try Elements.forEachBlock(count, context: context) {
      kernel($1, output + $0, outputGradient + $0, inputGradient + $0)
    }
  }

  /// y = factor · x
  public static func scale(
    count: Int, by factor: Float, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.scale
    try Elements.forEachBlock(count, context: context) { kernel($1, factor, input + $0, output + $0) }
  }
}
