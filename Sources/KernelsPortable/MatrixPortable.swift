import KernelTemplates

let portableMatrix = MatrixKernels(
  rows: 4, columns: 8, rowTile: rowTilePortable, narrowRowTile: narrowRowTilePortable, wideRowTile: wideRowTilePortable,
  rates: ratesPortable,
  outerTile: outerTilePortable, addWeightedRows: addWeightedRowsPortable,
  copyPanels: copyPanelsPortable, multiplyAddChains: multiplyAddChainsPortable)

/// Measured on an AMD EPYC of the Zen 4 kind.
private let ratesPortable = [
  [20, 41, 57, 59],
  [41, 71, 75, 79],
  [60, 78, 81],
]

private typealias Vector = SIMD4<Float>

@Sendable private func addWeightedRowsPortable(_ sum: WeightedRows) {
  addWeightedRows(sum, fused: false, as: Vector.self)
}

@Sendable private func copyPanelsPortable(_ copy: PanelCopy) { copyPanels(copy, as: Vector.self) }

@Sendable private func multiplyAddChainsPortable(_ rounds: Int, _ values: UnsafeMutablePointer<Float>) -> Int {
  multiplyAddChains(rounds: rounds, values, fused: false, as: Vector.self)
}

@Sendable private func rowTilePortable(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: row1(tile)
  case 2: row2(tile)
  case 3: row3(tile)
  default: row4(tile)
  }
}

private func row1(_ tile: RowTile) { rowTile(1, vectors: 2, tile, fused: false, as: Vector.self) }
private func row2(_ tile: RowTile) { rowTile(2, vectors: 2, tile, fused: false, as: Vector.self) }
private func row3(_ tile: RowTile) { rowTile(3, vectors: 2, tile, fused: false, as: Vector.self) }
private func row4(_ tile: RowTile) { rowTile(4, vectors: 2, tile, fused: false, as: Vector.self) }

@Sendable private func narrowRowTilePortable(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: narrow1(tile)
  case 2: narrow2(tile)
  case 3: narrow3(tile)
  default: narrow4(tile)
  }
}

private func narrow1(_ tile: RowTile) { rowTile(1, vectors: 1, tile, fused: false, as: Vector.self) }
private func narrow2(_ tile: RowTile) { rowTile(2, vectors: 1, tile, fused: false, as: Vector.self) }
private func narrow3(_ tile: RowTile) { rowTile(3, vectors: 1, tile, fused: false, as: Vector.self) }
private func narrow4(_ tile: RowTile) { rowTile(4, vectors: 1, tile, fused: false, as: Vector.self) }

@Sendable private func wideRowTilePortable(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: wide1(tile)
  case 2: wide2(tile)
  default: wide3(tile)
  }
}

private func wide1(_ tile: RowTile) { rowTile(1, vectors: 3, tile, fused: false, as: Vector.self) }
private func wide2(_ tile: RowTile) { rowTile(2, vectors: 3, tile, fused: false, as: Vector.self) }
private func wide3(_ tile: RowTile) { rowTile(3, vectors: 3, tile, fused: false, as: Vector.self) }

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
