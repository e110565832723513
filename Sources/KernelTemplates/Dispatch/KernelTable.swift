/// The kernels of one instruction set. The drivers in `Kernels` loop, pack and divide work; the table
/// holds the innermost loops, compiled once per instruction set from the templates in this module.
public struct KernelTable: Sendable {
  /// `portable`, `avx2`, `avx512`, `avx512_vnni`, `avx512_bf16` or `amx`: as in `SWIFTALEXNET_ISA` and `info()`.
  public let name: String
  public let matrix: MatrixKernels
  public let pointwise: PointwiseKernels
  /// For tiles of six, seven and eight inputs along one side.
  public let winograd: (six: WinogradKernels, seven: WinogradKernels, eight: WinogradKernels)
  /// Kernels for signed-byte dense weights.
  public let quantized: QuantizedKernels
  /// Products of bytes.
  public let int8: MatrixKernelsInt8
  /// nil if the instruction set has no bfloat16 arithmetic.
  public let bfloat16: MatrixKernelsBFloat16?

  /// The kernels of an instruction set, compiled where it is called: see ``InstructionSet``.
  /// - Parameter int8: nil: those without any instruction for products of bytes.
  @inlinable @inline(__always)
  public init<I: InstructionSet, V: FloatVector & SIMD & SendableMetatype>(
    name: String, of _: I.Type, vector _: V.Type, int8: MatrixKernelsInt8? = nil
  ) where V.Scalar == Float {
    self.name = name
    matrix = MatrixKernels(of: I.self, vector: V.self)
    pointwise = PointwiseKernels(of: I.self, vector: V.self)
    winograd = (
      WinogradKernels(of: I.self, vector: V.self, points: SixPoints.self),
      WinogradKernels(of: I.self, vector: V.self, points: SevenPoints.self),
      WinogradKernels(of: I.self, vector: V.self, points: EightPoints.self)
    )
    quantized = QuantizedKernels(of: I.self, vector: V.self)
    self.int8 = int8 ?? MatrixKernelsInt8(of: I.self)
    bfloat16 = nil
  }

  /// The float32 kernels of another instruction set, plus products of bytes and of bfloat16.
  public init(
    name: String, floats: KernelTable, int8: MatrixKernelsInt8, bfloat16: MatrixKernelsBFloat16? = nil
  ) {
    self.name = name
    matrix = floats.matrix
    pointwise = floats.pointwise
    winograd = floats.winograd
    quantized = floats.quantized
    self.int8 = int8
    self.bfloat16 = bfloat16
  }
}
