import KernelTemplates

extension WordTileKernels {
  /// C[i][j] = start[j] + Σ_r Σ_k A[i · leftStride + runOffsets[r] + k] · B[r · runLength + k][j] for the `rowCount` rows
  /// of A and one panel of B.
  ///
  /// The order of a sum is that of r and k, however the rows are divided into blocks.
  /// - Parameters:
  ///   - runOffsets: nil: a row of A is one run.
  ///   - runLength: elements of a run, padded.
  ///   - start: nil: the sums start from the values in C.
  func multiply(
    rowCount: Int, left: UnsafePointer<Left>, leftStride: Int, runOffsets: UnsafePointer<Int>? = nil,
    runCount: Int = 1, runLength: Int, panel: UnsafePointer<Right>, start: UnsafePointer<Sum>?,
    output: UnsafeMutablePointer<Sum>, outputStride: Int
  ) {
    let tiles = Partition(rowCount, atMost: rows)
    var noOffset = 0
    withUnsafePointer(to: &noOffset) { noOffset in
      withUnsafeTemporaryAllocation(of: UnsafePointer<Left>.self, capacity: blocks) { firstRows in
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
            WordTile(
              rows: range.count, blockCount: count, left: firstRows, leftStride: leftStride,
              runOffsets: runOffsets ?? noOffset, runCount: runCount, runLength: runLength, panel: panel, start: start,
              output: output + (range.lowerBound &* outputStride), outputStride: outputStride))
          tile = tile &+ count
        }
      }
    }
  }
}
