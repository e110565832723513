import KernelTemplates
import Tensors

/// Locally connected layers (cuda-convnet's `local`): a convolution in which every output position has its own weights
/// and biases:
///
///     y[b, i, j, n] = bias[i, j, n] + Σ_{p, q, c} x[b, i·s + p - top, j·s + q - left, c] · w[i, j, p, q, c, n]
///
/// with zeros where x is read outside the image. The sizes are those of a ``ConvolutionShape`` with one group. Weights
/// are stored as [outputHeight · outputWidth][kernelHeight][kernelWidth][inputChannels][outputChannels], biases as
/// [outputHeight · outputWidth][outputChannels]. Inputs and outputs of a call do not overlap.
///
/// At each position the images are the rows of a matrix that is multiplied by the position's weights. It is never
/// built: a kernel row of a window is one run of contiguous floats at the same place in every image, and the padding is
/// skipped. The order of summation depends only on the shape and the instruction set.
public enum LocallyConnected {
  /// Batches below this read the weights once, in place, instead of packing them.
  private static let fewRows = 8

  /// Writes `output`; with `relu`, its max(0, ·).
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let map = try LocalMap(shape)
    if try map.usesBLAS(context) || shape.batch < fewRows {
      try forwardByRows(
        map, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    } else {
      try forwardByTiles(
        map, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    }
  }

  /// Writes `inputGradient`: dx[b, h, w, c] = Σ dy[b, i, j, n] · w[i, j, p, q, c, n] over all (i, j, p, q, n) whose
  /// window reads x[b, h, w, c].
  public static func backwardData(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let map = try LocalMap(shape)
    if try map.usesBLAS(context) {
      try backwardDataByBLAS(
        map, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    } else {
      try backwardDataByTiles(
        map, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    }
  }

  /// Adds to `weightGradient` dw[i, j, p, q, c, n] += Σ_b x[b, i·s + p - top, j·s + q - left, c] · dy[b, i, j, n], and
  /// to `biasGradient` db[i, j, n] += Σ_b dy[b, i, j, n]; without `accumulate`, both are overwritten.
  public static func backwardFilter(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?,
    accumulate: Bool = true, context: ComputeContext
  ) throws {
    let map = try LocalMap(shape)
    if let biasGradient {
      if !accumulate { biasGradient.update(repeating: 0, count: map.outputFloats) }
      try addColumnSums(
        rows: shape.batch, columns: map.outputFloats, matrix: outputGradient, sums: biasGradient, context: context)
    }
    if try map.usesBLAS(context) {
      try backwardFilterByBLAS(
        map, input: input, outputGradient: outputGradient, weightGradient: weightGradient, accumulate: accumulate,
        context: context)
    } else {
      try backwardFilterByTiles(
        map, input: input, outputGradient: outputGradient, weightGradient: weightGradient, accumulate: accumulate,
        context: context)
    }
  }
}

/// The sizes of a locally connected layer, checked to multiply without overflow.
struct LocalMap {
  let shape: ConvolutionShape
  /// Output positions, each with its own filter bank.
  let positions: Int
  /// Floats of one position's weights.
  let filterFloats: Int
  /// Floats of one image's input and output.
  let inputFloats: Int
  let outputFloats: Int

  init(_ shape: ConvolutionShape) throws {
    guard shape.groups == 1 else {
      throw EngineError.invalidValue("locally_connected: got \(shape.groups) groups, expected 1")
    }
    self.shape = shape
    positions = shape.outputHeight * shape.outputWidth
    filterFloats = shape.kernelHeight * shape.kernelWidth * shape.inputChannels * shape.outputChannels
    _ = try Extent.product([positions, filterFloats], operation: "locally_connected")
    inputFloats = shape.inputHeight * shape.inputWidth * shape.inputChannels
    outputFloats = positions * shape.outputChannels
  }

  /// Whether a BLAS multiplies. It accepts only 32-bit strides.
  func usesBLAS(_ context: ComputeContext) throws -> Bool {
    try context.gemm == .openblas && max(inputFloats, outputFloats) <= ConvolutionShape.maximumExtent
  }

  /// The first weight under the tap that meets `window`'s kernel row `p` first.
  func firstWeight(of window: WindowInImage, row p: Int) -> Int {
    (p &* shape.kernelWidth &+ window.columns.lowerBound) &* shape.inputChannels &* shape.outputChannels
  }

  /// Floats from the beginning of an image to the part of `window` in kernel row `p`.
  func offset(of window: WindowInImage, row p: Int) -> Int {
    (window.pixel &+ (p &- window.rows.lowerBound) &* shape.inputWidth) &* shape.inputChannels
  }
}

/// How a driver's work is divided: an item is one place of a map (a position or a pixel) and some whole panels of that
/// place's columns.
struct PlaceItems {
  private let columns: Int
  private let width: Int
  private let blocks: Partition
  let count: Int

  /// - Parameter work: multiply-accumulates of one place.
  init(places: Int, columns: Int, work: Int, kernels: MatrixKernels) {
    self.columns = columns
    width = kernels.columns
    blocks = Partition(
      kernels.panelCount(columns),
      parts: max((BlockSize.items + places - 1) / places, work / BlockSize.itemWork))
    count = places * blocks.parts
  }

  subscript(item: Int) -> (place: Int, columns: Range<Int>) {
    let panels = blocks.range(item % blocks.parts)
    let range = (panels.lowerBound &* width, min(columns, panels.upperBound &* width))
    return (item / blocks.parts, Range(uncheckedBounds: range))
  }
}
