/// The transforms of ``WinogradTemplate``, compiled for one instruction set. A class for the reason that
/// ``MatrixKernels`` is one.
public final class WinogradKernels: Sendable {
  public typealias Source = UnsafePointer<Float>
  public typealias Target = UnsafeMutablePointer<Float>

  public let transformInputs:
    @Sendable (_ geometry: WinogradTiles, _ strip: Source, _ rowStride: Int, _ tiles: Target, _ square: Target) -> Void
  public let transformKernels:
    @Sendable (
      _ taps: Int, _ columns: Int, _ valid: Int, _ kernels: Source, _ tapStride: Int, _ transformed: Target,
      _ matrixStride: Int, _ square: Target
    ) -> Void
  public let transformOutputs:
    @Sendable (
      _ geometry: WinogradTiles, _ products: Source, _ bias: Source, _ relu: Bool, _ output: Target,
      _ map: WinogradMap, _ square: Target
    ) -> Void

  /// Floats of scratch that each transform needs, whatever the instruction set: one tile of the widest vectors.
  public static let squareCount = 36 * 16

  public init(
    transformInputs: @escaping @Sendable (WinogradTiles, Source, Int, Target, Target) -> Void,
    transformKernels: @escaping @Sendable (Int, Int, Int, Source, Int, Target, Int, Target) -> Void,
    transformOutputs: @escaping @Sendable (WinogradTiles, Source, Source, Bool, Target, WinogradMap, Target) -> Void
  ) {
    self.transformInputs = transformInputs
    self.transformKernels = transformKernels
    self.transformOutputs = transformOutputs
  }
}
