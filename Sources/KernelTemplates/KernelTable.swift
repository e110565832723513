/// The kernels of one instruction set. The drivers in `Kernels` loop, pack and share out work; the table
/// holds the innermost loops, compiled once per instruction set from the templates in this module.
public struct KernelTable: Sendable {
  /// `portable`, `avx2` or `avx512`: what `SWIFTALEXNET_ISA` and `info()` say.
  public let name: String
  public let matrix: MatrixKernels
  public let pointwise: PointwiseKernels

  public init(name: String, matrix: MatrixKernels, pointwise: PointwiseKernels) {
    self.name = name
    self.matrix = matrix
    self.pointwise = pointwise
  }
}
