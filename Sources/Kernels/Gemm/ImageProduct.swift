import KernelTemplates

/// A product whose rows are images and whose left matrix is read in place:
///
///     C[m][j] = start[j] + Σ_r Σ_k A[m · leftStride + runs[r] + k] · B[r · runLength + k][j]
///
/// It is computed on one thread, panel by panel of B, which is packed for this product only.
struct ImageProduct {
  private let kernels: MatrixKernels
  private let batch: Int
  /// Runs whose rows of a panel stay in the cache together.
  private let runsAtOnce: Int
  private let leftPart: ScratchLayout.Part<UnsafePointer<Float>>
  private let runPart: ScratchLayout.Part<Int>
  private let panelPart: ScratchLayout.Part<Float>
  private let startPart: ScratchLayout.Part<Float>
  private let spillPart: ScratchLayout.Part<Float>

  /// - Parameters:
  ///   - runs, runLength: the largest of any product.
  ///   - layout: reserves its scratch here.
  init(batch: Int, runs: Int, runLength: Int, kernels: MatrixKernels, layout: inout ScratchLayout) {
    self.kernels = kernels
    self.batch = batch
    runsAtOnce = min(runs, max(1, BlockSize.panel / (runLength * kernels.columns * 4)))
    leftPart = layout.reserve(batch, of: UnsafePointer<Float>.self)
    runPart = layout.reserve(runs, of: Int.self)
    panelPart = layout.reserve(runsAtOnce * runLength * kernels.columns, of: Float.self)
    startPart = layout.reserve(kernels.columns, of: Float.self)
    spillPart = layout.reserve(kernels.rows * kernels.columns, of: Float.self)
  }

  /// Where the caller stores the offsets of the runs from the beginning of an image.
  func runs(in scratch: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int> { runPart.pointer(in: scratch) }

  /// - Parameters:
  ///   - columns: of C and B, whole panels except perhaps the last.
  ///   - start, output: at column 0; a nil start means zeros.
  ///   - pack: packs the rows of B that belong to `runs`, in `columns`, at most a panel's width.
  func compute(
    columns: Range<Int>, runCount: Int, runLength: Int, left: UnsafePointer<Float>, leftStride: Int,
    start: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, outputStride: Int,
    scratch: UnsafeMutableRawPointer,
    pack: (_ runs: Range<Int>, _ columns: Range<Int>, _ panel: UnsafeMutablePointer<Float>) -> Void
  ) {
    let (images, runs) = (leftPart.pointer(in: scratch), runPart.pointer(in: scratch))
    let (panel, panelStart) = (panelPart.pointer(in: scratch), startPart.pointer(in: scratch))
    let spill = spillPart.pointer(in: scratch)
    for m in 0..<batch { images[m] = left + (m &* leftStride) }
    let tiles = Partition(batch, atMost: kernels.rows)
    let runBlocks = Partition(runCount, atMost: runsAtOnce)
    var column = columns.lowerBound
    while column < columns.upperBound {
      let valid = min(kernels.columns, columns.upperBound &- column)
      for j in 0..<kernels.columns { panelStart[j] = j < valid ? start.map { $0[column &+ j] } ?? 0 : 0 }
      for block in 0..<runBlocks.parts {
        let range = runBlocks.range(block)
        pack(range, Range(uncheckedBounds: (column, column &+ valid)), panel)
        for tile in 0..<tiles.parts {
          let rows = tiles.range(tile)
          kernels.rowTile(
            rows.count,
            RowTile(
              left: images + rows.lowerBound, runOffsets: runs + range.lowerBound, runCount: range.count,
              runLength: runLength, panel: panel, panelWidth: kernels.columns,
              start: block == 0 ? UnsafePointer(panelStart) : nil, relu: relu && block == runBlocks.parts &- 1,
              output: output + (rows.lowerBound &* outputStride &+ column), outputStride: outputStride),
            valid: valid, spill: spill)
        }
      }
      column = column &+ kernels.columns
    }
  }
}
