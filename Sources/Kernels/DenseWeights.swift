import KernelTemplates

/// The weights of a dense layer, [inputs][outputs], as the loops of the forward pass read them.
protocol DenseWeights {
  associatedtype Element

  var values: UnsafePointer<Element> { get }

  /// y[j] += Σ_k x[k] · w[k][j] / scale[j] over some rows k; x begins with the first of them.
  func addWeightedRows(
    _ rows: Range<Int>, weights x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>)

  /// A sum that ``addWeightedRows(_:weights:to:)`` took, times the column's scale.
  func scaled(_ sum: Float, column: Int) -> Float

  /// Packs a block into panels that begin `panelStride` floats apart; zeros fill the last one.
  func packPanels(
    rows: Range<Int>, columns: Range<Int>, into panels: UnsafeMutablePointer<Float>, panelStride: Int)
}

/// Weights as the network keeps them; all scales are 1.
struct FloatDenseWeights: DenseWeights {
  let values: UnsafePointer<Float>
  let outputs: Int
  let kernels: MatrixKernels

  func addWeightedRows(
    _ rows: Range<Int>, weights x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
  ) {
    kernels.addWeightedRows(
      WeightedRows(
        weights: x, weightStride: 1, rows: values + (rows.lowerBound &* outputs), rowStride: outputs,
        rowCount: rows.count, columns: outputs, output: y))
  }

  func scaled(_ sum: Float, column: Int) -> Float { sum }

  func packPanels(
    rows: Range<Int>, columns: Range<Int>, into panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    kernels.packPanels(
      values + (rows.lowerBound &* outputs &+ columns.lowerBound), stride: outputs, count: rows.count,
      valid: columns.count, into: panels, panelStride: panelStride)
  }
}
