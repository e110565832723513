import Tensors

/// Dense (fully connected) layers: y[m][n] = bias[n] + Σ_k x[m][k] · w[k][n].
///
/// x is [batch][inputs], w [inputs][outputs], y [batch][outputs], all contiguous; inputs and outputs of a call do
/// not overlap. With the engine's own kernels an output is one sum in the order of k for any batch: a row of x gives
/// the same bits alone and among others. A BLAS's order of summation depends on all sizes.
public enum Dense {
  /// Writes `output`; with `relu`, its max(0, ·).
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    if try context.gemm == .openblas {
      try forwardByBLAS(
        shape, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    } else {
      try forward(
        shape, input: input,
        weights: FloatDenseWeights(values: weights, outputs: outputs, kernels: context.kernels.matrix), bias: bias,
        relu: relu, output: output, context: context)
    }
  }

  static func forward(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: some DenseWeights, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    if shape.batch < weights.fewRows {
      try forwardByRows(
        shape, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    } else {
      try forwardByTiles(
        shape, input: input, weights: weights, bias: bias, relu: relu, output: output, context: context)
    }
  }

  /// Writes `inputGradient`: dx[m][k] = Σ_n dy[m][n] · w[k][n].
  public static func backwardData(
    batch: Int, inputs: Int, outputs: Int, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    if try context.gemm == .openblas {
      try backwardDataByBLAS(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    } else {
      try backwardDataByTiles(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    }
  }

  /// Adds to `weightGradient` dw[k][n] += Σ_m x[m][k] · dy[m][n], and to `biasGradient` db[n] += Σ_m dy[m][n]; without
  /// `accumulate`, both are overwritten, which saves a pass over a large matrix.
  /// - Parameter shards: how the batch is divided for the sums, which overwrite the gradients; nil: not at all.
  /// - Throws: ``EngineError/unsupported(_:)`` for shards with a BLAS.
  public static func backwardFilter(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?,
    accumulate: Bool = true, shards: Shards? = nil, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let shards = shards ?? Shards(whole: batch)
    try shards.requireImages(batch, operation: "dense")
    try shards.requireOverwriting(accumulate, operation: "dense")
    if let biasGradient {
      try Self.biasGradient(
        shards, outputs: outputs, outputGradient: outputGradient, sums: biasGradient, accumulate: accumulate,
        context: context
      ) { try addColumnSums(rows: $0, columns: outputs, matrix: $1, sums: $2, context: context) }
    }
    if try context.gemm == .openblas {
      try shards.requireWhole(operation: "dense")
      try backwardFilterByBLAS(
        shape, input: input, outputGradient: outputGradient, weightGradient: weightGradient, accumulate: accumulate,
        context: context)
    } else {
      try backwardFilterByTiles(
        shape, shards, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        accumulate: accumulate, context: context)
    }
  }
}

/// The sizes of a dense layer, checked to multiply without overflow, and how its work is divided.
struct DenseShape {
  let batch: Int
  let inputs: Int
  let outputs: Int

  /// Bytes per row of the weights for an item that reads them in place: more is faster, but every thread should have an
  /// item.
  static let streamedBytes = 512...4096
  /// Sums of such an item, all rows of the batch together: they stay in the L1 cache.
  static let streamedSums = 8192
  /// Steps of the inner index between two visits to a tile: a panel block fits the L1 cache.
  static let innerBlock = 256
  /// The same if weights are rounded as they are read.
  static let roundedBlock = 512
  /// Bytes of a packed panel of words between two visits to a tile: they stay in the L2 cache.
  static let panel = 256 << 10
  /// Approximate multiply-accumulates of a forward item: wide items copy the input less often.
  static let itemWork = 320 << 20
  /// Elements added to the stride of copied rows: rows a power of two apart would share a few cache sets.
  static let skew = 16
  /// Rows of the batch processed at once.
  static let batchBlock = 192
  /// Rows and columns of the weights that an item owns in the backward passes.
  static let ownedRows = 192
  static let ownedColumns = 512

  init(batch: Int, inputs: Int, outputs: Int) throws {
    for (name, value) in [("batch", batch), ("inputs", inputs), ("outputs", outputs)]
    where value < 1 || value > ConvolutionShape.maximumExtent {
      throw EngineError.invalidValue(
        "dense: got \(value) for \(name), expected 1 to \(ConvolutionShape.maximumExtent)")
    }
    _ = try Extent.product([batch, inputs], operation: "dense")
    _ = try Extent.product([batch, outputs], operation: "dense")
    _ = try Extent.product([inputs, outputs], operation: "dense")
    self.batch = batch
    self.inputs = inputs
    self.outputs = outputs
  }
}
