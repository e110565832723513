import KernelTemplates
import Tensors

// The bfloat16 kernels from their contracts, sums in float32 in loop order. The drivers' references are those of
// float32: a bfloat16 is a float, and any rounding happens before or after.

extension Reference {
  /// ``RowTileBFloat16`` on panels of `columns` columns.
  public static func rowTileBFloat16(_ tile: RowTileBFloat16, columns: Int) {
    for block in 0..<tile.blockCount {
      for i in 0..<tile.rows {
        let row = tile.output + (block * tile.rows + i) * tile.outputStride
        for j in 0..<(tile.isNarrow ? columns / 2 : columns) {
          var sum = tile.start.map { $0[j] } ?? row[j]
          for r in 0..<tile.runCount {
            for k in 0..<tile.runLength {
              let step = r * tile.runLength + k
              sum +=
                tile.left[block][i * tile.leftStride + tile.runOffsets[r] + k].float
                * tile.panel[(step / 2 * columns + j) * 2 + step % 2].float
            }
          }
          row[j] = sum
        }
      }
    }
  }

  /// ``RowNarrowing``; denormal floats become zero.
  public static func narrowRows(_ rows: RowNarrowing) {
    for i in 0..<rows.rows {
      for j in 0..<rows.columns {
        let x = rows.source[i * rows.sourceStride + j]
        rows.target[i * rows.targetStride + j] = BFloat16(x.isSubnormal || (rows.relu && x < 0) ? 0 : x)
      }
    }
  }

  /// ``MatrixKernelsBFloat16/PanelPacking`` into panels of `width` columns; `rounded` converts an element to bfloat16.
  @inlinable
  public static func panelsBFloat16<Element>(
    _ rowCount: Int, _ columns: Int, _ source: UnsafePointer<Element>, _ stride: Int,
    _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int, width: Int, rounded: (Element) -> BFloat16
  ) {
    for k in 0..<(rowCount + 1) / 2 * 2 {
      for j in 0..<(columns + width - 1) / width * width {
        let isInside = k < rowCount && j < columns
        panels[j / width * panelStride + (k / 2 * width + j % width) * 2 + k % 2] =
          isInside ? rounded(source[k * stride + j]) : BFloat16(bits: 0)
      }
    }
  }
}
