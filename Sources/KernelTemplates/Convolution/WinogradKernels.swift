/// The transforms of ``WinogradTemplate`` for tiles of one size, compiled for one instruction set. A class for the same
/// reason as ``MatrixKernels``.
public final class WinogradKernels: Sendable {
  public typealias Source = UnsafePointer<Float>
  public typealias Target = UnsafeMutablePointer<Float>

  public typealias TransformTiles =
    @Sendable (_ geometry: WinogradTiles, _ strip: Source, _ rowStride: Int, _ tiles: Target, _ square: Target) -> Void

  /// Inputs along one side of a tile.
  public let inputs: Int
  public let transformInputs: TransformTiles
  public let transformGradients: TransformTiles
  public let transformKernels:
    @Sendable (
      _ taps: WinogradTaps, _ columns: Int, _ valid: Int, _ kernels: Source, _ transformed: Target,
      _ matrixStride: Int, _ square: Target
    ) -> Void
  public let transformOutputs:
    @Sendable (
      _ geometry: WinogradTiles, _ products: Source, _ bias: Source, _ relu: Bool, _ output: Target,
      _ map: WinogradMap, _ square: Target
    ) -> Void
  public let transformKernelGradients:
    @Sendable (
      _ taps: WinogradTaps, _ valid: Int, _ products: Source, _ matrixStride: Int, _ gradients: Target,
      _ square: Target
    ) -> Void

  /// Elements of a transformed tile.
  public var elements: Int { inputs * inputs }
  /// Outputs along one side of a tile, for a kernel with this many taps.
  public func outputs(taps: Int) -> Int { inputs - taps + 1 }
  /// Floats of scratch that each transform needs on any instruction set: one tile of the widest vectors.
  public var squareCount: Int { elements * 16 }

  /// The transforms of an instruction set, compiled where it is called: see ``InstructionSet``.
  @inlinable @inline(__always)
  public init<I: InstructionSet, V: FloatVector & SIMD & SendableMetatype, Points: WinogradPoints & SendableMetatype>(
    of _: I.Type, vector _: V.Type, points _: Points.Type
  ) where V.Scalar == Float {
    inputs = Points.inputs
    transformInputs = {
      WinogradTemplate<Points>.transformInputs(V.self, $0, strip: $1, rowStride: $2, tiles: $3, square: $4)
    }
    transformGradients = {
      WinogradTemplate<Points>.transformGradients(V.self, $0, strip: $1, rowStride: $2, tiles: $3, square: $4)
    }
    transformKernels = {
      WinogradTemplate<Points>.transformKernels(
        V.self, $0, columns: $1, valid: $2, kernels: $3, transformed: $4, matrixStride: $5, square: $6)
    }
    transformOutputs = {
      WinogradTemplate<Points>.transformOutputs(
        V.self, $0, products: $1, bias: $2, relu: $3, output: $4, map: $5, square: $6)
    }
    transformKernelGradients = {
      WinogradTemplate<Points>.transformKernelGradients(
        V.self, $0, valid: $1, products: $2, matrixStride: $3, gradients: $4, square: $5)
    }
  }
}
