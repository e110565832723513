import KernelTemplates

let portableMatrix = MatrixKernels(
  rows: 4, columns: 8, rowTile: rowTilePortable, outerTile: outerTilePortable, addWeightedRows: addWeightedRowsPortable)

private typealias Vector = SIMD4<Float>

@Sendable private func addWeightedRowsPortable(_ sum: WeightedRows) {
  addWeightedRows(sum, fused: false, as: Vector.self)
}

@Sendable private func rowTilePortable(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: row1(tile)
  case 2: row2(tile)
  case 3: row3(tile)
  default: row4(tile)
  }
}

private func row1(_ tile: RowTile) { rowTile(1, tile, fused: false, as: Vector.self) }
private func row2(_ tile: RowTile) { rowTile(2, tile, fused: false, as: Vector.self) }
private func row3(_ tile: RowTile) { rowTile(3, tile, fused: false, as: Vector.self) }
private func row4(_ tile: RowTile) { rowTile(4, tile, fused: false, as: Vector.self) }

@Sendable private func outerTilePortable(_ rows: Int, _ tile: OuterTile) {
  switch rows {
  case 1: outer1(tile)
  case 2: outer2(tile)
  case 3: outer3(tile)
  default: outer4(tile)
  }
}

private func outer1(_ tile: OuterTile) { outerTile(1, tile, fused: false, as: Vector.self) }
private func outer2(_ tile: OuterTile) { outerTile(2, tile, fused: false, as: Vector.self) }
private func outer3(_ tile: OuterTile) { outerTile(3, tile, fused: false, as: Vector.self) }
private func outer4(_ tile: OuterTile) { outerTile(4, tile, fused: false, as: Vector.self) }
