import Tensors

/// ReLU, tanh and the logistic function over `count` floats; outputs may be inputs. ReLU and scale are exact.
public enum Activation {
  /// y = max(x, 0); NaN stays NaN (2012 paper, section 3.1).
  public static func reluForward(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forward(context.kernels.pointwise.reluForward, count, input, output, context)
  }

  /// dx = dy where y > 0 and 0 elsewhere, so the gradient at 0 is 0. `output` is y (x works as well).
  public static func reluBackward(
    count: Int, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try backward(
      context.kernels.pointwise.reluBackward, count, output, outputGradient, inputGradient, context)
  }

  /// y = tanh x. Relative error at most 4 ε; exactly ±1 for large |x|; NaN stays NaN.
  public static func tanhForward(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forward(context.kernels.pointwise.tanhForward, count, input, output, context)
  }

  /// dx = dy (1 − y²), from the output y.
  public static func tanhBackward(
    count: Int, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try backward(
      context.kernels.pointwise.tanhBackward, count, output, outputGradient, inputGradient, context)
  }

  /// y = 1 / (1 + e^−x). Relative error at most 4 ε for x ≥ −87, below that one unit of the smallest number; never
  /// overflows; NaN stays NaN.
  public static func sigmoidForward(
    count: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forward(context.kernels.pointwise.sigmoidForward, count, input, output, context)
  }

  /// dx = dy y (1 − y), from the output y.
  public static func sigmoidBackward(
    count: Int, output: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try backward(
      context.kernels.pointwise.sigmoidBackward, count, output, outputGradient, inputGradient, context)
  }

  /// y = factor · x
  public static func scale(
    count: Int, by factor: Float, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.scale
    try Elements.forEachBlock(count, context: context) { kernel($1, factor, input + $0, output + $0) }
  }

  private static func forward(
    _ kernel: @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void, _ count: Int,
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ context: ComputeContext
  ) throws {
    try Elements.forEachBlock(count, context: context) { kernel($1, input + $0, output + $0) }
  }

  private static func backward(
    _ kernel: @Sendable (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    _ count: Int, _ output: UnsafePointer<Float>, _ outputGradient: UnsafePointer<Float>,
    _ inputGradient: UnsafeMutablePointer<Float>, _ context: ComputeContext
  ) throws {
    try Elements.forEachBlock(count, context: context) {
      kernel($1, output + $0, outputGradient + $0, inputGradient + $0)
    }
  }
}
