import KernelTemplates

let avx512Matrix = MatrixKernels(
  rows: 12, columns: 32, rowTile: rowTileAVX512, narrowRowTile: narrowRowTileAVX512, wideRowTile: wideRowTileAVX512,
  rates: ratesAVX512,
  outerTile: outerTileAVX512, addWeightedRows: addWeightedRowsAVX512,
  copyPanels: copyPanelsAVX512, multiplyAddChains: multiplyAddChainsAVX512)

/// Measured on an AMD EPYC of the Zen 4 kind.
private let ratesAVX512 = [
  [25, 49, 74, 98, 98, 98, 98, 99, 99, 99, 99, 99],
  [47, 85, 98, 99, 98, 99, 99, 99, 99, 99, 99, 99],
  [48, 93, 98, 99, 99, 99, 99, 99],
]

private typealias Vector = SIMD16<Float>

@Sendable private func addWeightedRowsAVX512(_ sum: WeightedRows) {
  addWeightedRows(sum, fused: true, as: Vector.self)
}

@Sendable private func copyPanelsAVX512(_ copy: PanelCopy) { copyPanels(copy, as: Vector.self) }

@Sendable private func multiplyAddChainsAVX512(_ rounds: Int, _ values: UnsafeMutablePointer<Float>) -> Int {
  multiplyAddChains(rounds: rounds, values, fused: true, as: Vector.self)
}

@Sendable private func rowTileAVX512(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: row1(tile)
  case 2: row2(tile)
  case 3: row3(tile)
  case 4: row4(tile)
  case 5: row5(tile)
  case 6: row6(tile)
  case 7: row7(tile)
  case 8: row8(tile)
  case 9: row9(tile)
  case 10: row10(tile)
  case 11: row11(tile)
  default: row12(tile)
  }
}

private func row1(_ tile: RowTile) { rowTile(1, vectors: 2, tile, fused: true, as: Vector.self) }
private func row2(_ tile: RowTile) { rowTile(2, vectors: 2, tile, fused: true, as: Vector.self) }
private func row3(_ tile: RowTile) { rowTile(3, vectors: 2, tile, fused: true, as: Vector.self) }
private func row4(_ tile: RowTile) { rowTile(4, vectors: 2, tile, fused: true, as: Vector.self) }
private func row5(_ tile: RowTile) { rowTile(5, vectors: 2, tile, fused: true, as: Vector.self) }
private func row6(_ tile: RowTile) { rowTile(6, vectors: 2, tile, fused: true, as: Vector.self) }
private func row7(_ tile: RowTile) { rowTile(7, vectors: 2, tile, fused: true, as: Vector.self) }
private func row8(_ tile: RowTile) { rowTile(8, vectors: 2, tile, fused: true, as: Vector.self) }
private func row9(_ tile: RowTile) { rowTile(9, vectors: 2, tile, fused: true, as: Vector.self) }
private func row10(_ tile: RowTile) { rowTile(10, vectors: 2, tile, fused: true, as: Vector.self) }
private func row11(_ tile: RowTile) { rowTile(11, vectors: 2, tile, fused: true, as: Vector.self) }
private func row12(_ tile: RowTile) { rowTile(12, vectors: 2, tile, fused: true, as: Vector.self) }

@Sendable private func narrowRowTileAVX512(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: narrow1(tile)
  case 2: narrow2(tile)
  case 3: narrow3(tile)
  case 4: narrow4(tile)
  case 5: narrow5(tile)
  case 6: narrow6(tile)
  case 7: narrow7(tile)
  case 8: narrow8(tile)
  case 9: narrow9(tile)
  case 10: narrow10(tile)
  case 11: narrow11(tile)
  default: narrow12(tile)
  }
}

private func narrow1(_ tile: RowTile) { rowTile(1, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow2(_ tile: RowTile) { rowTile(2, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow3(_ tile: RowTile) { rowTile(3, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow4(_ tile: RowTile) { rowTile(4, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow5(_ tile: RowTile) { rowTile(5, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow6(_ tile: RowTile) { rowTile(6, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow7(_ tile: RowTile) { rowTile(7, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow8(_ tile: RowTile) { rowTile(8, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow9(_ tile: RowTile) { rowTile(9, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow10(_ tile: RowTile) { rowTile(10, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow11(_ tile: RowTile) { rowTile(11, vectors: 1, tile, fused: true, as: Vector.self) }
private func narrow12(_ tile: RowTile) { rowTile(12, vectors: 1, tile, fused: true, as: Vector.self) }

@Sendable private func wideRowTileAVX512(_ rows: Int, _ tile: RowTile) {
  switch rows {
  case 1: wide1(tile)
  case 2: wide2(tile)
  case 3: wide3(tile)
  case 4: wide4(tile)
  case 5: wide5(tile)
  case 6: wide6(tile)
  case 7: wide7(tile)
  default: wide8(tile)
  }
}

private func wide1(_ tile: RowTile) { rowTile(1, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide2(_ tile: RowTile) { rowTile(2, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide3(_ tile: RowTile) { rowTile(3, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide4(_ tile: RowTile) { rowTile(4, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide5(_ tile: RowTile) { rowTile(5, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide6(_ tile: RowTile) { rowTile(6, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide7(_ tile: RowTile) { rowTile(7, vectors: 3, tile, fused: true, as: Vector.self) }
private func wide8(_ tile: RowTile) { rowTile(8, vectors: 3, tile, fused: true, as: Vector.self) }

@Sendable private func outerTileAVX512(_ rows: Int, _ tile: OuterTile) {
  switch rows {
  case 1: outer1(tile)
  case 2: outer2(tile)
  case 3: outer3(tile)
  case 4: outer4(tile)
  case 5: outer5(tile)
  case 6: outer6(tile)
  case 7: outer7(tile)
  case 8: outer8(tile)
  case 9: outer9(tile)
  case 10: outer10(tile)
  case 11: outer11(tile)
  default: outer12(tile)
  }
}

private func outer1(_ tile: OuterTile) { outerTile(1, tile, fused: true, as: Vector.self) }
private func outer2(_ tile: OuterTile) { outerTile(2, tile, fused: true, as: Vector.self) }
private func outer3(_ tile: OuterTile) { outerTile(3, tile, fused: true, as: Vector.self) }
private func outer4(_ tile: OuterTile) { outerTile(4, tile, fused: true, as: Vector.self) }
private func outer5(_ tile: OuterTile) { outerTile(5, tile, fused: true, as: Vector.self) }
private func outer6(_ tile: OuterTile) { outerTile(6, tile, fused: true, as: Vector.self) }
private func outer7(_ tile: OuterTile) { outerTile(7, tile, fused: true, as: Vector.self) }
private func outer8(_ tile: OuterTile) { outerTile(8, tile, fused: true, as: Vector.self) }
private func outer9(_ tile: OuterTile) { outerTile(9, tile, fused: true, as: Vector.self) }
private func outer10(_ tile: OuterTile) { outerTile(10, tile, fused: true, as: Vector.self) }
private func outer11(_ tile: OuterTile) { outerTile(11, tile, fused: true, as: Vector.self) }
private func outer12(_ tile: OuterTile) { outerTile(12, tile, fused: true, as: Vector.self) }
