/// A tile of products of an unsigned and a signed byte, summed in Int32.
public typealias RowTileInt8 = WordTile<UInt8, Int8, Int32>

/// Innermost loops of matrix products of bytes, and between bytes and floats: the forward pass of convolution and dense
/// layers in eight bits.
///
/// The left matrix holds unsigned bytes, the right one signed bytes from -127 to 127, packed in panels of quads:
///
///     B (K × N, in memory)            panel p: [K / 4][columns][4], contiguous
///     ┌────────┬────────┬─────┐       ┌─────────────────────────────────────────────────┐
///     │        │        │     │       │ B[0…3][p·columns] B[0…3][p·columns+1] …         │
///     │        │        │  0  │  ──▶  │ B[4…7][p·columns] …                             │
///     └────────┴────────┴─────┘       └─────────────────────────────────────────────────┘
///
/// A run of A is a multiple of four bytes long: B has rows of zeros where a run is padded, and the kernel reads what
/// follows A's run, which must be readable memory. Sums are exact while they fit, up to ``maximumInner`` products; sums
/// and roundings are the same on every instruction set.
///
/// Kernels check nothing; the rules of ``MatrixKernels`` apply.
public final class MatrixKernelsInt8: WordTileKernels {
  /// The most products of a sum: 255 · 127 times as many fit into Int32, twice over, so that a start of that size fits,
  /// too.
  public static var maximumInner: Int { Int(Int32.max) / (2 * 255 * 127) }

  public let rows: Int
  public var blocks: Int { 1 }
  public let columns: Int
  public var innerMultiple: Int { 4 }
  public let tile: @Sendable (_ tile: RowTileInt8) -> Void
  /// Whether the processor multiplies bytes in one instruction.
  public let isNative: Bool
  /// From sums to bytes, and to floats, see ``RowScaling``.
  public let requantizeRows: @Sendable (_ rows: RowScaling<UInt8>) -> Void
  public let dequantizeRows: @Sendable (_ rows: RowScaling<Float>) -> Void
  /// q = round(x · inverseScale + zeroPoint), ties to even, from 0 to 255; x is not NaN.
  public let quantize:
    @Sendable (
      _ count: Int, _ x: UnsafePointer<Float>, _ inverseScale: Float, _ zeroPoint: Float,
      _ q: UnsafeMutablePointer<UInt8>
    ) -> Void
  /// x = scale · (q - zeroPoint).
  public let dequantize:
    @Sendable (
      _ count: Int, _ q: UnsafePointer<UInt8>, _ scale: Float, _ zeroPoint: Float, _ x: UnsafeMutablePointer<Float>
    ) -> Void
  /// y[j] = max(y[j], x[j]).
  public let raise: @Sendable (_ count: Int, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>) -> Void

  /// The kernels of an instruction set without products of bytes, compiled where it is called: see ``InstructionSet``.
  @inlinable @inline(__always)
  public convenience init<I: InstructionSet>(of _: I.Type) {
    self.init(of: I.self, rows: 4, columns: byteTileColumns, isNative: false) { byteTile(I.self, $0) }
  }

  @inlinable @inline(__always)
  public init<I: SendableMetatype>(
    of _: I.Type, rows: Int, columns: Int, isNative: Bool, tile: @escaping @Sendable (_ tile: RowTileInt8) -> Void
  ) {
    self.rows = rows
    self.columns = columns
    self.isNative = isNative
    self.tile = tile
    requantizeRows = { scaleRows(I.self, $0) }
    dequantizeRows = { scaleRows(I.self, $0) }
    quantize = { KernelTemplates.quantize(I.self, $0, $1, $2, $3, $4) }
    dequantize = { KernelTemplates.dequantize(I.self, $0, $1, $2, $3, $4) }
    raise = { KernelTemplates.raise(I.self, $0, $1, $2) }
  }
}

/// target[i · targetStride + j] = max(source[i · sourceStride + j] · multipliers[j] + offsets[j], lowest) for i in
/// 0 ..< rows, j in 0 ..< columns. Bytes are rounded, ties to even, and at most 255.
@frozen
public struct RowScaling<Target: BitwiseCopyable> {
  public var rows: Int
  public var columns: Int
  public var source: UnsafePointer<Int32>
  public var sourceStride: Int
  public var multipliers: UnsafePointer<Float>
  /// For bytes they contain the zero point.
  public var offsets: UnsafePointer<Float>
  /// Where the ReLU follows what stands for zero, else 0 for bytes and -∞ for floats.
  public var lowest: Float
  public var target: UnsafeMutablePointer<Target>
  public var targetStride: Int

  @inlinable @inline(__always)
  public init(
    rows: Int, columns: Int, source: UnsafePointer<Int32>, sourceStride: Int, multipliers: UnsafePointer<Float>,
    offsets: UnsafePointer<Float>, lowest: Float, target: UnsafeMutablePointer<Target>, targetStride: Int
  ) {
    self.rows = rows
    self.columns = columns
    self.source = source
    self.sourceStride = sourceStride
    self.multipliers = multipliers
    self.offsets = offsets
    self.lowest = lowest
    self.target = target
    self.targetStride = targetStride
  }
}
