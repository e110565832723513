import CInstructions
import KernelTemplates
import Tensors

// A function a number of rows, as in the float32 targets: the optimiser stops inlining in a function that has
// grown too large.

@Sendable func tileAVX512BF16(_ tile: RowTileBFloat16) {
  if tile.isNarrow { narrowTile(tile) } else { wholeTile(tile) }
}

private func wholeTile(_ tile: RowTileBFloat16) {
  switch tile.rows {
  case 1: tile1(tile)
  case 2: tile2(tile)
  case 3: tile3(tile)
  case 4: tile4(tile)
  case 5: tile5(tile)
  case 6: tile6(tile)
  case 7: tile7(tile)
  case 8: tile8(tile)
  case 9: tile9(tile)
  case 10: tile10(tile)
  case 11: tile11(tile)
  case 12: tile12(tile)
  case 13: tile13(tile)
  default: tile14(tile)
  }
}

private func tile1(_ tile: RowTileBFloat16) { blocks(1, vectors: 2, tile) }
private func tile2(_ tile: RowTileBFloat16) { blocks(2, vectors: 2, tile) }
private func tile3(_ tile: RowTileBFloat16) { blocks(3, vectors: 2, tile) }
private func tile4(_ tile: RowTileBFloat16) { blocks(4, vectors: 2, tile) }
private func tile5(_ tile: RowTileBFloat16) { blocks(5, vectors: 2, tile) }
private func tile6(_ tile: RowTileBFloat16) { blocks(6, vectors: 2, tile) }
private func tile7(_ tile: RowTileBFloat16) { blocks(7, vectors: 2, tile) }
private func tile8(_ tile: RowTileBFloat16) { blocks(8, vectors: 2, tile) }
private func tile9(_ tile: RowTileBFloat16) { blocks(9, vectors: 2, tile) }
private func tile10(_ tile: RowTileBFloat16) { blocks(10, vectors: 2, tile) }
private func tile11(_ tile: RowTileBFloat16) { blocks(11, vectors: 2, tile) }
private func tile12(_ tile: RowTileBFloat16) { blocks(12, vectors: 2, tile) }
private func tile13(_ tile: RowTileBFloat16) { blocks(13, vectors: 2, tile) }
private func tile14(_ tile: RowTileBFloat16) { blocks(14, vectors: 2, tile) }

private func narrowTile(_ tile: RowTileBFloat16) {
  switch tile.rows {
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
  case 12: narrow12(tile)
  case 13: narrow13(tile)
  default: narrow14(tile)
  }
}

private func narrow1(_ tile: RowTileBFloat16) { blocks(1, vectors: 1, tile) }
private func narrow2(_ tile: RowTileBFloat16) { blocks(2, vectors: 1, tile) }
private func narrow3(_ tile: RowTileBFloat16) { blocks(3, vectors: 1, tile) }
private func narrow4(_ tile: RowTileBFloat16) { blocks(4, vectors: 1, tile) }
private func narrow5(_ tile: RowTileBFloat16) { blocks(5, vectors: 1, tile) }
private func narrow6(_ tile: RowTileBFloat16) { blocks(6, vectors: 1, tile) }
private func narrow7(_ tile: RowTileBFloat16) { blocks(7, vectors: 1, tile) }
private func narrow8(_ tile: RowTileBFloat16) { blocks(8, vectors: 1, tile) }
private func narrow9(_ tile: RowTileBFloat16) { blocks(9, vectors: 1, tile) }
private func narrow10(_ tile: RowTileBFloat16) { blocks(10, vectors: 1, tile) }
private func narrow11(_ tile: RowTileBFloat16) { blocks(11, vectors: 1, tile) }
private func narrow12(_ tile: RowTileBFloat16) { blocks(12, vectors: 1, tile) }
private func narrow13(_ tile: RowTileBFloat16) { blocks(13, vectors: 1, tile) }
private func narrow14(_ tile: RowTileBFloat16) { blocks(14, vectors: 1, tile) }

/// ``RowTileBFloat16`` of blocks of `rows` rows and `vectors` (1 or 2) vectors of columns: constants.
@inline(__always)
private func blocks(_ rows: Int, vectors: Int, _ tile: RowTileBFloat16) {
  var block = 0
  repeat {
    oneBlock(
      rows, vectors: vectors, tile, left: UnsafeRawPointer(tile.left[block]),
      output: tile.output + (block &* rows &* tile.outputStride))
    block = block &+ 1
  } while block != tile.blockCount
}

@inline(__always)
private func oneBlock(
  _ rows: Int, vectors: Int, _ tile: RowTileBFloat16, left: UnsafeRawPointer, output: UnsafeMutablePointer<Float>
) {
  let (leftBytes, outputStride) = (tile.leftStride &* 2, tile.outputStride)
  var sums = TileSums<SIMD16<Float>>()
  if let start = tile.start {
    let s0 = load(start, as: SIMD16<Float>.self)
    let s1 = vectors > 1 ? load(start + 16, as: SIMD16<Float>.self) : s0
    sums.forEachRow(rows) { _, a, b, _ in
      a = s0
      if vectors > 1 { b = s1 }
    }
  } else {
    sums.forEachRow(rows) { i, a, b, _ in
      let row = output + (i &* outputStride)
      a = load(row, as: SIMD16<Float>.self)
      if vectors > 1 { b = load(row + 16, as: SIMD16<Float>.self) }
    }
  }

  var panel = UnsafeRawPointer(tile.panel)
  var run = 0
  repeat {
    var pair = left + tile.runOffsets[run] &* 2
    let end = pair + tile.runLength &* 2
    repeat {
      let p0 = panel.loadUnaligned(as: SIMD16<Int32>.self)
      let p1 = vectors > 1 ? panel.loadUnaligned(fromByteOffset: 64, as: SIMD16<Int32>.self) : p0
      sums.forEachRow(rows) { i, a, b, _ in
        let x = SIMD16(repeating: pair.loadUnaligned(fromByteOffset: i &* leftBytes, as: Int32.self))
        a = instruction_dot_bf16(a, x, p0)
        if vectors > 1 { b = instruction_dot_bf16(b, x, p1) }
      }
      panel += 128
      pair += 4
    } while pair != end
    panel += tile.panelGap &* 2
    run = run &+ 1
  } while run != tile.runCount

  sums.forEachRow(rows) { i, a, b, _ in
    let row = output + (i &* outputStride)
    store(a, row)
    if vectors > 1 { store(b, row + 16) }
  }
}
