/// Convolution (in fact cross-correlation, as usual in this field) of NHWC images:
///
///     y[b, i, j, n] = bias[n] + Σ_{p, q, c} x[b, i·s + p - top, j·s + q - left, c] · w[p, q, c, n]
///
/// with zeros where x is read outside the image, and n, c running within a group. Layouts and sizes:
/// ``ConvolutionShape``. All buffers have exactly the size given by the shape; inputs and outputs do not overlap.
///
/// There is no im2col buffer: rows of the left matrix are pixels read in place (see `MatrixKernels`).
/// The order of summation depends only on the shape and the instruction set, never on the threads.
public enum Convolution {
  /// Writes `output`; with `relu`, its max(0, ·).
  /// - Parameter packed: the weights packed by ``pack(_:as:weights:into:context:)``, for many calls with the same
  ///   weights; nil: the call packs them itself.
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    switch try context.gemm {
    case .openblas:
      try forwardByBLAS(
        shape, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    case .swift:
      try forwardByTiles(
        shape, input: input, weights: weights, packed: packed, bias: bias, relu: relu, output: output,
        context: context)
    }
  }

  /// Writes `inputGradient`: dx[b, h, w, c] = Σ dy[b, i, j, n] · w[p, q, c, n] over all (i, j, p, q, n) whose
  /// window reads x[b, h, w, c].
  public static func backwardData(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    if shape.strideHeight == 1, shape.strideWidth == 1, try context.gemm == .swift {
      try correlateOutputGradient(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    } else {
      try scatterOutputGradient(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    }
  }

  /// Adds to `weightGradient` dw[p, q, c, n] += Σ_{b, i, j} x[b, i·s + p - top, j·s + q - left, c] · dy[b, i, j, n],
  /// and to `biasGradient` db[n] += Σ_{b, i, j} dy[b, i, j, n].
  public static func backwardFilter(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?,
    context: ComputeContext
  ) throws {
    if let biasGradient {
      try addColumnSums(
        rows: shape.batch * shape.outputHeight * shape.outputWidth, columns: shape.outputChannels,
        matrix: outputGradient, sums: biasGradient, context: context)
    }
    switch try context.gemm {
    case .openblas:
      try backwardFilterByBLAS(
        shape, input: input, outputGradient: outputGradient, weightGradient: weightGradient, context: context)
    case .swift:
      try backwardFilterByTiles(
        shape, input: input, outputGradient: outputGradient, weightGradient: weightGradient, context: context)
    }
  }
}
