import KernelTemplates

let avx2Matrix = MatrixKernels(
  rows: 6, columns: 16, rowTile: rowTileAVX2, narrowRowTile: narrowRowTileAVX2, wideRowTile: wideRowTileAVX2,
  rates: ratesAVX2,
  outerTile: outerTileAVX2, addWeightedRows: addWeightedRowsAVX2,
  copyPanels: copyPanelsAVX2, multiplyAddChains: multiplyAddChainsAVX2)

/// Measured on an AMD EPYC of the Zen 4 kind.
private let ratesAVX2 = [
  [12, 25, 37, 49, 61, 73],
  [25, 49, 73, 91, 93, 97],
  [37, 73, 92, 98],
]

private typealias Vector = SIMD8<Float>

@Sendable private func addWeightedRowsAVX2(_ sum: WeightedRows) {
  addWeightedRows(sum, fused: true, as: Vector.self)
}

@Sendable private func copyPanelsAVX2(_ copy: PanelCopy) { copyPanels(copy, as: Vector.self) }

@Sendable private func multiplyAddChainsAVX2(_ rounds: Int, _ values: UnsafeMutablePointer<Float>) -> Int {
  multiplyAddChains(rounds: rounds, values, fused: true, as: Vector.self)
}

@Sendable private func rowTileAVX2(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: row1(tile)
  case 2: row2(tile)
  case 3: row3(tile)
  case 4: row4(tile)
  case 5: row5(tile)
  default: row6(tile)
  }
}

private func row1(_ tile: RowTile) { rowTile(1, vectors: 2, tile, fused: true, as: Vector.self) }
private func row2(_ tile: RowTile) { rowTile(2, vectors: 2, tile, fused: true, as: Vector.self) }
private func row3(_ tile: RowTile) { rowTile(3, vectors: 2, tile, fused: true, as: Vector.self) }
private func row4(_ tile: RowTile) { rowTile(4, vectors: 2, tile, fused: true, as: Vector.self) }
private func row5(_ tile: RowTile) { rowTile(5, vectors: 2, tile, fused: true, as: Vector.self) }
private func row6(_ tile: RowTile) { rowTile(6, vectors: 2, tile, fused: true, as: Vector.self) }

@Sendable private func narrowRowTileAVX2(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: narrow1(tile)
  case 2: narrow2(tile)
  case 3: narrow3(tile)
  case 4: narrow4(tile)
  case 5: narrow5(tile)
  default: narrow6(tile)
  }
}

private func narrow1(_ tile: RowTile) { rowTile(1, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow2(_ tile: RowTile) { rowTile(2, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow3(_ tile: RowTile) { rowTile(3, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow4(_ tile: RowTile) { rowTile(4, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow5(_ tile: RowTile) { rowTile(5, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow6(_ tile: RowTile) { rowTile(6, vectors: 1, tile, fused: true, as: Vector.self) }

@Sendable private func wideRowTileAVX2(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: wide1(tile)
  case 2: wide2(tile)
  case 3: wide3(tile)
  default: wide4(tile)
  }
}

private func wide1(_ tile: RowTile) { rowTile(1, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide2(_ tile: RowTile) { rowTile(2, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide3(_ tile: RowTile) { rowTile(3, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide4(_ tile: RowTile) { rowTile(4, vectors: 3, tile, fused: true, as: Vector.self) }

@Sendable private func outerTileAVX2(_ rows: Int, _ tile: OuterTile) {
  switch rows {
  case 1: outer1(tile)
  case 2: outer2(tile)
  case 3: outer3(tile)
  case 4: outer4(tile)
  case 5: outer5(tile)
  default: outer6(tile)
  }
}

private func outer1(_ tile: OuterTile) { outerTile(1, tile, fused: true, as: Vector.self) }
private func outer2(_ tile: OuterTile) { outerTile(2, tile, fused: true, as: Vector.self) }
private func outer3(_ tile: OuterTile) { outerTile(3, tile, fused: true, as: Vector.self) }
private func outer4(_ tile: OuterTile) { outerTile(4, tile, fused: true, as: Vector.self) }
private func outer5(_ tile: OuterTile) { outerTile(5, tile, fused: true, as: Vector.self) }
private func outer6(_ tile: OuterTile) { outerTile(6, tile, fused: true, as: Vector.self) }
