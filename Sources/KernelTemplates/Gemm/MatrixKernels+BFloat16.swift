import Tensors

public typealias RowTileBFloat16 = WordTile<BFloat16, BFloat16, Float>

/// Innermost loops of matrix products of bfloat16, summed in float32: convolution and dense layers in all directions.
///
/// ## The contract of a tile
///
/// A tile is `rows` × `columns` sums that stay in registers while the inner index k runs, two or more steps at a time.
/// The right-hand matrix B is packed into *panels* of `columns` columns in which two neighbouring k of a column lie
/// side by side, as the instructions require:
///
///     B (K × N, in memory)            panel p: [K / 2][columns][2], contiguous
///     ┌────────┬────────┬─────┐       ┌────────────────────────────────────────────────┐
///     │        │        │     │       │ B[0][p·columns] B[1][p·columns] B[0][p·columns+1] …  │
///     │        │        │  0  │  ──▶  │ B[2][p·columns] B[3][p·columns] …                    │
///     │        │        │     │       │ …                                              │
///     └────────┴────────┴─────┘       └────────────────────────────────────────────────┘
///        p = 0    p = 1    p = 2: the columns past N are zeros
///
/// A run of A is a multiple of `innerMultiple` elements long: B has rows of zeros where a run is padded, and the kernel
/// reads what follows A's run, which must be readable memory with finite numbers.
///
/// Kernels check nothing: pointers are valid for the given shapes, counts are at least 1, inputs and outputs do not
/// overlap. The order of summation depends only on the shapes and the instruction set.
///
/// ## Precision
///
/// A product of two bfloat16 is exact in float32; each of the K additions rounds once, so that a sum is within 4 · √K ·
/// 2^-23 · Σ|a·b|, as in float32. Denormal numbers are treated as zeros.
public final class MatrixKernelsBFloat16: WordTileKernels {
  /// The most rows of a block.
  public let rows: Int
  /// The best number of blocks for one call of `tile`.
  public let blocks: Int
  /// The columns of a tile and of a packed panel.
  public let columns: Int
  /// The length of a run is a multiple of this.
  public let innerMultiple: Int
  /// Some blocks of a product, see ``RowTileBFloat16``.
  public let tile: @Sendable (_ tile: RowTileBFloat16) -> Void
  /// y = x
  public let widen: @Sendable (_ count: Int, _ x: UnsafePointer<BFloat16>, _ y: UnsafeMutablePointer<Float>) -> Void
  /// y = x, rounded to the nearest, ties to even.
  public let narrow: @Sendable (_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<BFloat16>) -> Void
  /// A matrix likewise, rectified on request, see ``RowNarrowing``.
  public let narrowRows: @Sendable (_ rows: RowNarrowing) -> Void
  /// Packs panels from a matrix of floats, rounding them.
  public let packFloats: PanelPacking<Float>
  /// Packs panels from a matrix of bfloat16.
  public let packRows: PanelPacking<BFloat16>

  /// Packs `rowCount` rows of `columns` elements, `stride` apart, into panels that begin `panelStride` elements apart.
  /// Columns past the last, and the missing second row of a last pair, are zeros.
  public typealias PanelPacking<Element> =
    @Sendable (
      _ rowCount: Int, _ columns: Int, _ source: UnsafePointer<Element>, _ stride: Int,
      _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int
    ) -> Void

  public init(
    rows: Int, blocks: Int, columns: Int, innerMultiple: Int,
    tile: @escaping @Sendable (_ tile: RowTileBFloat16) -> Void,
    widen: @escaping @Sendable (Int, UnsafePointer<BFloat16>, UnsafeMutablePointer<Float>) -> Void,
    narrow: @escaping @Sendable (Int, UnsafePointer<Float>, UnsafeMutablePointer<BFloat16>) -> Void,
    narrowRows: @escaping @Sendable (_ rows: RowNarrowing) -> Void,
    packFloats: @escaping PanelPacking<Float>, packRows: @escaping PanelPacking<BFloat16>
  ) {
    self.rows = rows
    self.blocks = blocks
    self.columns = columns
    self.innerMultiple = innerMultiple
    self.tile = tile
    self.widen = widen
    self.narrow = narrow
    self.narrowRows = narrowRows
    self.packFloats = packFloats
    self.packRows = packRows
  }

  /// The same with other tiles, for an instruction set that multiplies differently.
  public convenience init(
    rows: Int, blocks: Int, innerMultiple: Int, tile: @escaping @Sendable (_ tile: RowTileBFloat16) -> Void,
    besides others: MatrixKernelsBFloat16
  ) {
    self.init(
      rows: rows, blocks: blocks, columns: others.columns, innerMultiple: innerMultiple, tile: tile,
      widen: others.widen, narrow: others.narrow, narrowRows: others.narrowRows, packFloats: others.packFloats,
      packRows: others.packRows)
  }
}

/// target[i · targetStride + j] = source[i · sourceStride + j] rounded, for i in 0 ..< rows, j in 0 ..< columns;
/// its max(0, ·) on request, NaN for NaN.
public struct RowNarrowing {
  public var rows: Int
  public var columns: Int
  public var source: UnsafePointer<Float>
  public var sourceStride: Int
  public var relu: Bool
  public var target: UnsafeMutablePointer<BFloat16>
  public var targetStride: Int

  public init(
    rows: Int, columns: Int, source: UnsafePointer<Float>, sourceStride: Int, relu: Bool,
    target: UnsafeMutablePointer<BFloat16>, targetStride: Int
  ) {
    self.rows = rows
    self.columns = columns
    self.source = source
    self.sourceStride = sourceStride
    self.relu = relu
    self.target = target
    self.targetStride = targetStride
  }
}
