import KernelTemplates
import Tensors

extension MatrixKernelsBFloat16 {
  /// C[i][j] = start[j] + Σ_r Σ_k A[i · leftStride + runOffsets[r] + k] · B[r · runLength + k][j] for the `rowCount` rows
  /// of A and one panel of B.
  ///
  /// The order of a sum is that of r and k, however the rows are divided into blocks.
  /// - Parameters:
  ///   - runOffsets: nil: a row of A is one run.
  ///   - runLength: elements of a run, padded.
  ///   - start: nil: the sums start from the values in C.
  func multiply(
    rowCount: Int, left: UnsafePointer<BFloat16>, leftStride: Int, runOffsets: UnsafePointer<Int>? = nil,
    runCount: Int = 1, runLength: Int, panel: UnsafePointer<BFloat16>, start: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    let tiles = Partition(rowCount, atMost: rows)
    var noOffset = 0
    withUnsafePointer(to: &noOffset) { noOffset in
      withUnsafeTemporaryAllocation(of: UnsafePointer<BFloat16>.self, capacity: blocks) { firstRows in
        guard let firstRows = firstRows.baseAddress else { return }
        var tile = 0
        while tile < tiles.parts {
          let range = tiles.range(tile)
          // The blocks of one call have equal length.
          var count = 0
          while count < blocks, tile &+ count < tiles.parts, tiles.range(tile &+ count).count == range.count {
            firstRows[count] = left + ((range.lowerBound &+ count &* range.count) &* leftStride)
            count = count &+ 1
          }
          self.tile(
            RowTileBFloat16(
              rows: range.count, blockCount: count, left: firstRows, leftStride: leftStride,
              runOffsets: runOffsets ?? noOffset, runCount: runCount, runLength: runLength, panel: panel, start: start,
              output: output + (range.lowerBound &* outputStride), outputStride: outputStride))
          tile = tile &+ count
        }
      }
    }
  }

  /// The same for a panel of which `valid` columns belong to C; a product narrower than the panel goes through `spill`,
  /// which holds `rowCount` whole rows of it.
  func multiply(
    rowCount: Int, left: UnsafePointer<BFloat16>, leftStride: Int, runOffsets: UnsafePointer<Int>? = nil,
    runCount: Int = 1, runLength: Int, panel: UnsafePointer<BFloat16>, valid: Int,
    spill: UnsafeMutablePointer<Float>, start: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>,
    outputStride: Int
  ) {
    let isWhole = valid == columns
    if !isWhole && start == nil {
      copyRows(output, stride: outputStride, rows: rowCount, columns: valid, into: spill, targetStride: columns)
    }
    multiply(
      rowCount: rowCount, left: left, leftStride: leftStride, runOffsets: runOffsets, runCount: runCount,
      runLength: runLength, panel: panel, start: start, output: isWhole ? output : spill,
      outputStride: isWhole ? outputStride : columns)
    if !isWhole {
      copyRows(spill, stride: columns, rows: rowCount, columns: valid, into: output, targetStride: outputStride)
    }
  }
}
