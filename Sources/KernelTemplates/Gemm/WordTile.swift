// Products whose factors are narrower than their sums: pairs of bfloat16, or quads of bytes. A word of 32 bits holds as
// many neighbours along the inner index k, whose products one instruction adds to the lane of a sum.

/// C[b][i][j] = start[j] + Σ_r Σ_k A_b[i · leftStride + runOffsets[r] + k] · B[r · runLength + k][j].
///
/// The rows of a block lie a constant distance apart, as neighbouring pixels do; its K elements are `runCount` runs of
/// `runLength` contiguous elements, at the same offsets for all rows: for a convolution one run per kernel row.
@frozen
public struct WordTile<Left: BitwiseCopyable, Right: BitwiseCopyable, Sum: BitwiseCopyable> {
  /// Rows of each block, 1 … `rows`.
  public var rows: Int
  /// 1 … `blocks`.
  public var blockCount: Int
  /// The first row of each block.
  public var left: UnsafePointer<UnsafePointer<Left>>
  /// Elements from one row of a block to the next.
  public var leftStride: Int
  /// Elements from the beginning of a row to the beginning of each run.
  public var runOffsets: UnsafePointer<Int>
  public var runCount: Int
  /// A multiple of `innerMultiple`.
  public var runLength: Int
  /// The packed panel: [runCount · runLength / elements of a word][columns][elements of a word].
  public var panel: UnsafePointer<Right>
  /// Elements of the panel skipped between runs.
  public var panelGap: Int
  /// The `columns` initial values of every row; nil: the sums start from the values in C.
  public var start: UnsafePointer<Sum>?
  /// C: the rows of all blocks, block by block.
  public var output: UnsafeMutablePointer<Sum>
  /// Sums from one row of C to the next.
  public var outputStride: Int
  /// Whether only the first half of the columns is needed: a kernel may leave the others unchanged.
  public var isNarrow: Bool

  @inlinable @inline(__always)
  public init(
    rows: Int, blockCount: Int, left: UnsafePointer<UnsafePointer<Left>>, leftStride: Int,
    runOffsets: UnsafePointer<Int>, runCount: Int, runLength: Int, panel: UnsafePointer<Right>,
    panelGap: Int = 0, start: UnsafePointer<Sum>?, output: UnsafeMutablePointer<Sum>, outputStride: Int,
    isNarrow: Bool = false
  ) {
    self.rows = rows
    self.blockCount = blockCount
    self.left = left
    self.leftStride = leftStride
    self.runOffsets = runOffsets
    self.runCount = runCount
    self.runLength = runLength
    self.panel = panel
    self.panelGap = panelGap
    self.start = start
    self.output = output
    self.outputStride = outputStride
    self.isNarrow = isNarrow
  }
}

/// What a driver must know about tiles of words to divide a product into them.
public protocol WordTileKernels: AnyObject, Sendable {
  associatedtype Left: BitwiseCopyable
  associatedtype Right: BitwiseCopyable
  associatedtype Sum: BitwiseCopyable

  /// The most rows of a block.
  var rows: Int { get }
  /// The best number of blocks for one call of `tile`.
  var blocks: Int { get }
  /// The columns of a tile and of a packed panel.
  var columns: Int { get }
  /// The length of a run is a multiple of this.
  var innerMultiple: Int { get }
  var tile: @Sendable (_ tile: WordTile<Left, Right, Sum>) -> Void { get }
}
