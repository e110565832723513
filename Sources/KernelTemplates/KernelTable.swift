/// The kernels of one instruction set. The drivers in `Kernels` loop, pack and share out work; the table
/// holds the innermost loops, compiled once per instruction set from the templates in this module.
public struct KernelTable: Sendable {
  /// `portable`, `avx2`, `avx512`, `avx512_bf16` or `amx`: what `SWIFTALEXNET_ISA` and `info()` say.
  public let name: String
  public let matrix: MatrixKernels
  public let pointwise: PointwiseKernels
  public let winograd: WinogradKernels
  /// Dense weights of signed bytes.
  public let quantized: QuantizedKernels
  /// nil where the instruction set has no arithmetic for bfloat16.
  public let bfloat16: MatrixKernelsBFloat16?

  public init(
    name: String, matrix: MatrixKernels, pointwise: PointwiseKernels, winograd: WinogradKernels,
    quantized: QuantizedKernels
  ) {
    self.name = name
    self.matrix = matrix
    self.pointwise = pointwise
    self.winograd = winograd
    self.quantized = quantized
    bfloat16 = nil
  }

  /// The float32 kernels of another instruction set, and bfloat16 besides.
  public init(name: String, floats: KernelTable, bfloat16: MatrixKernelsBFloat16) {
    self.name = name
    matrix = floats.matrix
    pointwise = floats.pointwise
    winograd = floats.winograd
    quantized = floats.quantized
    self.bfloat16 = bfloat16
  }
}
