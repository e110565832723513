import KernelTemplates
import Tensors

extension Convolution {
  /// ``backwardFilter(_:input:outputGradient:weightGradient:biasGradient:context:)`` for activations and gradients in
  /// bfloat16; both sums are float32. An infinity or NaN in an input channel spoils that channel's gradient for every
  /// tap.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func backwardFilter(
    _ shape: ConvolutionShape, input: UnsafePointer<BFloat16>, outputGradient: UnsafePointer<BFloat16>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?,
    context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "convolution")
    if let biasGradient {
      try addColumnSums(
        rows: shape.batch * shape.outputHeight * shape.outputWidth, columns: shape.outputChannels,
        matrix: outputGradient, sums: biasGradient, context: context)
    }
    let plan = FilterGradientPlanBFloat16(
      shape, kernels: kernels, transpose: context.kernels.pointwise.transposeBFloat16)
    try sumFilterGradient(
      shape, plan, input: input, outputGradient: outputGradient, weightGradient: weightGradient, context: context)
  }
}
