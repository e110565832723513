import COpenBLAS
import Tensors

/// OpenBLAS on row-major matrices. It has its own threads, whose number the engine never changes; its callers stay on
/// one thread.
enum BLAS {
  /// To be called before any product. The first call loads the library, which starts its threads.
  /// - Throws: ``EngineError/unsupported(_:)`` saying why it is not available and what helps.
  static func load() throws(EngineError) {
    guard let reason = openblas_load() else { return }
    throw .unsupported(
      "SWIFTALEXNET_GEMM=openblas: OpenBLAS could not be loaded (\(String(cString: reason))); install it (on Debian: "
        + "apt-get install libopenblas0), name the file in SWIFTALEXNET_OPENBLAS, or set SWIFTALEXNET_GEMM=swift for "
        + "the engine's own kernels")
  }

  /// C = A · B, or C += A · B: A rows × inner, B inner × columns; a transposed operand is stored the other way round.
  /// Every size is at most ``ConvolutionShape/maximumExtent``.
  static func multiply(
    rows: Int, columns: Int, inner: Int,
    left: UnsafePointer<Float>, leftStride: Int, leftTransposed: Bool = false,
    right: UnsafePointer<Float>, rightStride: Int, rightTransposed: Bool = false,
    accumulate: Bool, output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    openblas_multiply(
      Int32(truncatingIfNeeded: rows), Int32(truncatingIfNeeded: columns), Int32(truncatingIfNeeded: inner),
      left, Int32(truncatingIfNeeded: leftStride), leftTransposed,
      right, Int32(truncatingIfNeeded: rightStride), rightTransposed,
      accumulate ? 1 : 0, output, Int32(truncatingIfNeeded: outputStride))
  }

  /// C = bias in every row of `rows`, or zeros: the initial value of an accumulating product.
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
