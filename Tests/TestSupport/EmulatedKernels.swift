import KernelTemplates
import Kernels
import Tensors

/// bfloat16 products with emulated tiles: the loop is the one that a CPU with AMX runs. Everything else is written
/// naively, so that the drivers can be tested on any CPU.
public let emulatedAMX = MatrixKernelsBFloat16(
  rows: TileGeometry.rows, blocks: TileGeometry.blocks, columns: TileGeometry.columns,
  innerMultiple: TileGeometry.innerMultiple,
  tile: { tileProduct($0, as: EmulatedTiles.self) },
  widen: { count, x, y in for i in 0..<count { y[i] = x[i].float } },
  narrow: { count, x, y in for i in 0..<count { y[i] = BFloat16(x[i]) } },
  narrowRows: { rows in
    for i in 0..<rows.rows {
      for j in 0..<rows.columns {
        let x = rows.source[i * rows.sourceStride + j]
        rows.target[i * rows.targetStride + j] = BFloat16(rows.relu && x < 0 ? 0 : x)
      }
    }
  },
  packFloats: { pack($0, $1, $2, $3, $4, $5) { BFloat16($0) } },
  packRows: { pack($0, $1, $2, $3, $4, $5) { $0 } })

/// The table of a CPU with AMX, emulated over the float32 kernels of this one.
public let emulatedAMXTable = {
  let best = KernelRegistry.available[KernelRegistry.available.count - 1]
  return KernelTable(name: "emulated amx", floats: best, int8: best.int8, bfloat16: emulatedAMX)
}()

private func pack<Element>(
  _ rowCount: Int, _ columns: Int, _ source: UnsafePointer<Element>, _ stride: Int,
  _ panels: UnsafeMutablePointer<BFloat16>, _ panelStride: Int, _ rounded: (Element) -> BFloat16
) {
  let width = TileGeometry.columns
  for k in 0..<(rowCount + 1) / 2 * 2 {
    for j in 0..<(columns + width - 1) / width * width {
      let inside = k < rowCount && j < columns
      panels[j / width * panelStride + (k / 2 * width + j % width) * 2 + k % 2] =
        inside ? rounded(source[k * stride + j]) : BFloat16(0)
    }
  }
}
