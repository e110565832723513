/// Innermost loops of matrix products: convolution and dense layers in all directions.
///
/// ## The contract of a tile
///
/// A tile is `rows` × `columns` sums that stay in registers while the inner index k runs. `columns` is two vectors; any
/// number of rows from 1 to `rows` may be requested. The drivers divide the result into tiles and pass each tile one
/// *panel* of the right-hand matrix B, packed so that k steps read it front to back:
///
///     B (K × N, in memory)            panel p: K × columns floats, contiguous
///     ┌────────┬────────┬─────┐       ┌────────────────────────┐
///     │        │        │     │       │ B[0][p·columns …]      │  two vectors per step
///     │        │        │  0  │  ──▶  │ B[1][p·columns …]      │
///     │        │        │     │       │ …                      │
///     └────────┴────────┴─────┘       └────────────────────────┘
///        p = 0    p = 1    p = 2: the columns past N are zeros
///
/// Kernels check nothing: pointers are valid for the given shapes, counts are at least 1, inputs and outputs do not
/// overlap. Kernels read and write exactly the elements named, unaligned, and allocate nothing. Sums are taken in the
/// order of k, so results depend only on the shapes and the instruction set.
///
/// A class, because a struct of many function values is copied by a helper function that every kernel target would emit
/// for its own instruction set under the same name.
public final class MatrixKernels: Sendable {
  /// The most rows of a tile.
  public let rows: Int
  /// The columns of a tile and of a packed panel.
  public let columns: Int
  /// One tile of a product whose left rows are read in place, see ``RowTile``.
  public let rowTile: @Sendable (_ rows: Int, _ tile: RowTile) -> Void
  /// The same with one vector of columns, which is all that is read from the panel and written.
  public let narrowRowTile: @Sendable (_ rows: Int, _ tile: RowTile) -> Void
  /// The same with three vectors of columns and at most `rates[2].count` rows.
  public let wideRowTile: @Sendable (_ rows: Int, _ tile: RowTile) -> Void
  /// The speed of tiles in per cent of the multiply-add limit: `rates[v - 1][r - 1]` for r rows of v vectors.
  /// Convolutions choose their tiles from this table; `python benchmarks/tiles.py` measures it.
  public let rates: [[Int]]
  /// One tile of a sum of outer products, see ``OuterTile``.
  public let outerTile: @Sendable (_ rows: Int, _ tile: OuterTile) -> Void
  /// y[j] += Σ_k x[k] · w[k · stride + j], see ``WeightedRows``.
  public let addWeightedRows: @Sendable (_ sum: WeightedRows) -> Void
  /// Packs whole panels, see ``PanelCopy``.
  public let copyPanels: @Sendable (_ copy: PanelCopy) -> Void
  /// Multiply-adds on registers only, see ``multiplyAddChains(rounds:_:fused:as:)``.
  public let multiplyAddChains: @Sendable (_ rounds: Int, _ values: UnsafeMutablePointer<Float>) -> Int

  /// The kernels of an instruction set, compiled where it is called: see ``InstructionSet``.
  @inlinable @inline(__always)
  public init<I: InstructionSet, V: FloatVector & SIMD & SendableMetatype>(of _: I.Type, vector _: V.Type)
  where V.Scalar == Float {
    rows = I.rows
    columns = 2 * V.scalarCount
    rowTile = { TileWidth<2>.rowTile(I.self, V.self, $0, $1) }
    narrowRowTile = { TileWidth<1>.rowTile(I.self, V.self, $0, $1) }
    wideRowTile = { TileWidth<3>.rowTile(I.self, V.self, $0, $1) }
    rates = I.rates
    outerTile = { KernelTemplates.outerTile(I.self, V.self, $0, $1) }
    addWeightedRows = { KernelTemplates.addWeightedRows($0, fused: I.fused, as: V.self) }
    copyPanels = { KernelTemplates.copyPanels($0, as: V.self) }
    multiplyAddChains = {
      KernelTemplates.multiplyAddChains(rounds: $0, $1, fused: I.fused, as: V.self)
    }
  }
}

/// C[i][j] = start[j] + Σ_r Σ_k A_i[runOffsets[r] + k] · B[r · runLength + k][j], and max(0, ·) on request.
///
/// Row i of the left matrix begins at `left[i]`: for a convolution, the pixel where window i begins. Its K elements are
/// `runCount` runs of `runLength` contiguous floats, at the same offsets for all rows: for a convolution one run per
/// kernel row.
public struct RowTile {
  public var left: UnsafePointer<UnsafePointer<Float>>
  /// Floats from `left[i]` to the beginning of each run.
  public var runOffsets: UnsafePointer<Int>
  public var runCount: Int
  public var runLength: Int
  /// The packed panel: runCount · runLength steps.
  public var panel: UnsafePointer<Float>
  /// Floats of a step; a tile reads its vectors from the first on.
  public var panelWidth: Int
  /// Floats of the panel skipped between runs.
  public var panelGap: Int
  /// The initial values of every row, one per column of the tile; nil: the sums start from the values in C.
  public var start: UnsafePointer<Float>?
  public var relu: Bool
  public var output: UnsafeMutablePointer<Float>
  /// Floats from one row of C to the next.
  public var outputStride: Int

  public init(
    left: UnsafePointer<UnsafePointer<Float>>, runOffsets: UnsafePointer<Int>, runCount: Int, runLength: Int,
    panel: UnsafePointer<Float>, panelWidth: Int, panelGap: Int = 0, start: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    self.left = left
    self.runOffsets = runOffsets
    self.runCount = runCount
    self.runLength = runLength
    self.panel = panel
    self.panelWidth = panelWidth
    self.panelGap = panelGap
    self.start = start
    self.relu = relu
    self.output = output
    self.outputStride = outputStride
  }
}

/// C[i][j] = Σ_y Σ_x A[y · leftRowStride + x · leftStride + i] · B[y · rightRowStride + x · rightStride + j], added to
/// C on request.
///
/// The sum runs over a grid of pixels: A is the input under the window's tap, B the output gradient.
public struct OuterTile {
  public var pixelRows: Int
  public var pixelColumns: Int
  public var left: UnsafePointer<Float>
  public var leftRowStride: Int
  public var leftStride: Int
  public var right: UnsafePointer<Float>
  public var rightRowStride: Int
  public var rightStride: Int
  public var accumulates: Bool
  public var output: UnsafeMutablePointer<Float>
  /// Floats from one row of C to the next.
  public var outputStride: Int

  public init(
    pixelRows: Int, pixelColumns: Int,
    left: UnsafePointer<Float>, leftRowStride: Int, leftStride: Int,
    right: UnsafePointer<Float>, rightRowStride: Int, rightStride: Int, accumulates: Bool,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    self.pixelRows = pixelRows
    self.pixelColumns = pixelColumns
    self.left = left
    self.leftRowStride = leftRowStride
    self.leftStride = leftStride
    self.right = right
    self.rightRowStride = rightRowStride
    self.rightStride = rightStride
    self.accumulates = accumulates
    self.output = output
    self.outputStride = outputStride
  }
}

/// y[m · outputStride + j] += Σ_k weights[m · outputWeights + k · weightStride] · rows[k · rowStride + j] for m in
/// 0 ..< outputCount, j in 0 ..< columns: a matrix read once, in memory order. With a weight stride of 0 it sums rows.
public struct WeightedRows {
  public var outputCount: Int
  /// Floats from the weights and the sums of one output to those of the next.
  public var outputWeights: Int
  public var outputStride: Int
  public var weights: UnsafePointer<Float>
  public var weightStride: Int
  public var rows: UnsafePointer<Float>
  public var rowStride: Int
  public var rowCount: Int
  public var columns: Int
  public var output: UnsafeMutablePointer<Float>
  /// Whether the following rows are prefetched while it is added: if only some columns of a matrix are read, they lie
  /// too far apart for the hardware prefetcher.
  public var prefetches: Bool

  public init(
    weights: UnsafePointer<Float>, weightStride: Int, rows: UnsafePointer<Float>, rowStride: Int, rowCount: Int,
    columns: Int, output: UnsafeMutablePointer<Float>, prefetches: Bool = false, outputCount: Int = 1,
    outputWeights: Int = 0, outputStride: Int = 0
  ) {
    self.outputCount = outputCount
    self.outputWeights = outputWeights
    self.outputStride = outputStride
    self.weights = weights
    self.weightStride = weightStride
    self.rows = rows
    self.rowStride = rowStride
    self.rowCount = rowCount
    self.columns = columns
    self.output = output
    self.prefetches = prefetches
  }
}

/// panel p[k] = the `columns` floats at source[k · sourceStride + p · columns], for k in 0 ..< rowCount: all panels of
/// a row at once, so that the source is read sequentially.
public struct PanelCopy {
  public var source: UnsafePointer<Float>
  public var sourceStride: Int
  public var rowCount: Int
  public var panelCount: Int
  public var panels: UnsafeMutablePointer<Float>
  /// Floats from one panel to the next.
  public var panelStride: Int

  public init(
    source: UnsafePointer<Float>, sourceStride: Int, rowCount: Int, panelCount: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    self.source = source
    self.sourceStride = sourceStride
    self.rowCount = rowCount
    self.panelCount = panelCount
    self.panels = panels
    self.panelStride = panelStride
  }
}
