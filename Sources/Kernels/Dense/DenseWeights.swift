import KernelTemplates

/// The weights of a dense layer, [inputs][outputs], as the loops of the forward pass read them.
///
/// Whichever loop computes it, a sum begins at ``start(column:bias:)``, adds the products in the order of the inputs,
/// with one rounding each, and becomes an output by ``finish(_:column:bias:)``; so an output's bits do not depend on
/// the batch.
protocol DenseWeights {
  associatedtype Element

  var values: UnsafePointer<Element> { get }
  /// Batches below this read the weights once, in place, instead of packing them.
  var fewRows: Int { get }

  func start(column: Int, bias: UnsafePointer<Float>?) -> Float
  func finish(_ sum: Float, column: Int, bias: UnsafePointer<Float>?) -> Float

  /// Adds Σ_k x[k] · w[k][columns[j]] over some rows k to sums[j], for each row of a batch, and prefetches the next rows
  /// of the weights.
  /// - Parameters:
  ///   - input: the first of the rows' x, `inputStride` from one row of the batch to the next.
  ///   - sums: of the first row of the batch, `sumStride` from one to the next.
  func addWeightedRows(
    _ rows: Range<Int>, columns: Range<Int>, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
    sums: UnsafeMutablePointer<Float>, sumStride: Int)

  /// Packs a block into panels that begin `panelStride` floats apart; zeros fill the last one.
  func packPanels(
    rows: Range<Int>, columns: Range<Int>, into panels: UnsafeMutablePointer<Float>, panelStride: Int)
}

extension DenseWeights {
  /// Moves the sums of some columns, one row of the batch, to their place in the output.
  func finish(
    _ sums: UnsafePointer<Float>, columns: Range<Int>, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>
  ) {
    for j in 0..<columns.count {
      let y = finish(sums[j], column: columns.lowerBound &+ j, bias: bias)
      output[j] = relu && y < 0 ? 0 : y
    }
  }
}

/// Weights as the network keeps them: a sum begins at its bias.
struct FloatDenseWeights: DenseWeights {
  var fewRows: Int { 32 }
  let values: UnsafePointer<Float>
  let outputs: Int
  let kernels: MatrixKernels

  @inline(__always)
  func start(column: Int, bias: UnsafePointer<Float>?) -> Float { bias.map { $0[column] } ?? 0 }

  @inline(__always)
  func finish(_ sum: Float, column: Int, bias: UnsafePointer<Float>?) -> Float { sum }

  func addWeightedRows(
    _ rows: Range<Int>, columns: Range<Int>, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
    sums: UnsafeMutablePointer<Float>, sumStride: Int
  ) {
    kernels.addWeightedRows(
      WeightedRows(
        weights: input, weightStride: 1, rows: values + (rows.lowerBound &* outputs &+ columns.lowerBound),
        rowStride: outputs, rowCount: rows.count, columns: columns.count, output: sums, prefetches: true,
        outputCount: batch, outputWeights: inputStride, outputStride: sumStride))
  }

  func packPanels(
    rows: Range<Int>, columns: Range<Int>, into panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    kernels.packPanels(
      values + (rows.lowerBound &* outputs &+ columns.lowerBound), stride: outputs, count: rows.count,
      valid: columns.count, into: panels, panelStride: panelStride)
  }
}
