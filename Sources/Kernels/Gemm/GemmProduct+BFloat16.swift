import KernelTemplates
import Tensors

extension MatrixKernelsBFloat16 {
  /// A product with a panel of which `valid` columns belong to C; one narrower than the panel goes through `spill`,
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
