import KernelTemplates
import Tensors

extension BFloat16Kernels {
  /// C[i][j] = start[j] + Σ_k A[i · leftStride + k] · B[k][j] for the `rowCount` rows of A and one panel of B.
  ///
  /// The order of a sum is that of k, however the rows are cut into blocks.
  /// - Parameters:
  ///   - runLength: elements of a row of A, filled up.
  ///   - start: nil: the sums start from what C holds.
  func multiply(
    rowCount: Int, left: UnsafePointer<BFloat16>, leftStride: Int, runLength: Int, panel: UnsafePointer<BFloat16>,
    start: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    var noOffset = 0
    withUnsafePointer(to: &noOffset) { noOffset in
      multiply(
        rowCount: rowCount, left: left, leftStride: leftStride, runOffsets: noOffset, runCount: 1,
        runLength: runLength, panel: panel, start: start, output: output, outputStride: outputStride)
    }
  }

  /// The same of rows that are several runs each, see ``BFloat16Tile``.
  func multiply(
    rowCount: Int, left: UnsafePointer<BFloat16>, leftStride: Int, runOffsets: UnsafePointer<Int>, runCount: Int,
    runLength: Int, panel: UnsafePointer<BFloat16>, start: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>,
    outputStride: Int
  ) {
    let tiles = Partition(rowCount, atMost: rows)
    withUnsafeTemporaryAllocation(of: UnsafePointer<BFloat16>.self, capacity: blocks) { firstRows in
      guard let firstRows = firstRows.baseAddress else { return }
      var tile = 0
      while tile < tiles.parts {
        let range = tiles.range(tile)
        // Blocks that one call takes are of equal length.
        var count = 0
        while count < blocks, tile &+ count < tiles.parts, tiles.range(tile &+ count).count == range.count {
          firstRows[count] = left + ((range.lowerBound &+ count &* range.count) &* leftStride)
          count = count &+ 1
        }
        self.tile(
          BFloat16Tile(
            rows: range.count, blockCount: count, left: firstRows, leftStride: leftStride, runOffsets: runOffsets,
            runCount: runCount, runLength: runLength, panel: panel, start: start,
            output: output + (range.lowerBound &* outputStride), outputStride: outputStride))
        tile = tile &+ count
      }
    }
  }
}
