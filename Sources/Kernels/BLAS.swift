import COpenBLAS

/// The system's BLAS on row-major matrices. It has threads of its own, whose number the engine never changes: its
/// callers stay on one thread.
enum BLAS {
  /// C = A · B, or C += A · B: A rows × inner, B inner × columns; a transposed operand lies the other way round.
  /// Every size is at most ``ConvolutionShape/maximumExtent``.
  static func multiply(
    rows: Int, columns: Int, inner: Int,
    left: UnsafePointer<Float>, leftStride: Int, leftTransposed: Bool = false,
    right: UnsafePointer<Float>, rightStride: Int, rightTransposed: Bool = false,
    accumulate: Bool, output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, leftTransposed ? CblasTrans : CblasNoTrans, rightTransposed ? CblasTrans : CblasNoTrans,
      blasint(truncatingIfNeeded: rows), blasint(truncatingIfNeeded: columns), blasint(truncatingIfNeeded: inner),
      1, left, blasint(truncatingIfNeeded: leftStride), right, blasint(truncatingIfNeeded: rightStride),
      accumulate ? 1 : 0, output, blasint(truncatingIfNeeded: outputStride))
  }

  /// C = bias in every row of `rows`, or zeros: what an accumulating product starts from.
  static func start(
    _ output: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, bias: UnsafePointer<Float>?
  ) {
    for row in 0..<rows {
      let target = output + (row &* stride)
      for j in 0..<columns { target[j] = bias.map { $0[j] } ?? 0 }
    }
  }

  /// C = max(0, C), NaN for NaN.
  static func rectify(_ output: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
    for row in 0..<rows {
      let target = output + (row &* stride)
      for j in 0..<columns { target[j] = target[j] < 0 ? 0 : target[j] }
    }
  }
}
