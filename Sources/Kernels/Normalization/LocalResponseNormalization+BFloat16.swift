import KernelTemplates
import Tensors

extension LocalResponseNormalization {
  /// ``forward(rows:channels:groups:parameters:input:output:scale:context:)`` for bfloat16, computed in float32 and
  /// rounded once.
  /// - Parameter scale: float32, since s is so close to k that bfloat16 would lose most of what was added to k.
  public static func forward(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<BFloat16>,
    output: UnsafeMutablePointer<BFloat16>, scale: UnsafeMutablePointer<Float>?, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "local_response_norm")
    let kernel = context.kernels.pointwise.responseNormalizationForward
    try forEachWidenedBlock(rows, channels, groups, parameters, operands: 1, context) { line, lines, at, x, scratch in
      let count = lines &* line.length
      bfloat16.widen(count, input + at, x)
      kernel(line, lines, x, x, scale.map { $0 + at }, scratch)
      bfloat16.narrow(count, x, output + at)
    }
  }

  /// ``backward(rows:channels:groups:parameters:input:scale:outputGradient:inputGradient:context:)`` for bfloat16,
  /// likewise.
  public static func backward(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<BFloat16>,
    scale: UnsafePointer<Float>, outputGradient: UnsafePointer<BFloat16>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "local_response_norm")
    let kernel = context.kernels.pointwise.responseNormalizationBackward
    try forEachWidenedBlock(rows, channels, groups, parameters, operands: 2, context) { line, lines, at, x, scratch in
      let count = lines &* line.length
      let gradient = x + count
      bfloat16.widen(count, input + at, x)
      bfloat16.widen(count, outputGradient + at, gradient)
      kernel(line, lines, x, scale + at, gradient, gradient, scratch)
      bfloat16.narrow(count, gradient, inputGradient + at)
    }
  }

  /// The blocks of the float32 passes, split again so that `operands` widened blocks stay in the L1 cache.
  private static func forEachWidenedBlock(
    _ rows: Int, _ channels: Int, _ groups: Int, _ parameters: ResponseNormalization, operands: Int,
    _ context: ComputeContext,
    _ body: (
      ResponseLine, _ lines: Int, _ at: Int, _ operands: UnsafeMutablePointer<Float>,
      _ scratch: UnsafeMutablePointer<Float>
    ) -> Void
  ) throws {
    let length = channels / max(1, groups)
    let linesPerBlock = max(ResponseLine.blockLines, Elements.widenedCount / max(1, length))
    let floats = operands * linesPerBlock * length
    try forEachBlock(rows, channels, groups, parameters, floats: floats, context) { line, lines, first, scratch in
      let operands = scratch + line.scratchCount
      var done = 0
      while done < lines {
        body(line, min(linesPerBlock, lines &- done), first &+ done &* line.length, operands, scratch)
        done = done &+ linesPerBlock
      }
    }
  }
}
