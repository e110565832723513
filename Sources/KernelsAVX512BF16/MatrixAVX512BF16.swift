import CInstructions
import KernelTemplates
import Tensors

@Sendable func tileAVX512BF16(_ tile: RowTileBFloat16) {
  if tile.isNarrow { Width<1>.product(tile) } else { Width<2>.product(tile) }
}

/// Tiles with this many vectors of columns; their sizes are types for the reason given at `TileSize`.
private enum Width<let vectors: Int> {
  @inline(never)
  static func product(_ tile: RowTileBFloat16) {
    switch tile.rows {
    case 1: Size<1, vectors>.product(tile)
    case 2: Size<2, vectors>.product(tile)
    case 3: Size<3, vectors>.product(tile)
    case 4: Size<4, vectors>.product(tile)
    case 5: Size<5, vectors>.product(tile)
    case 6: Size<6, vectors>.product(tile)
    case 7: Size<7, vectors>.product(tile)
    case 8: Size<8, vectors>.product(tile)
    case 9: Size<9, vectors>.product(tile)
    case 10: Size<10, vectors>.product(tile)
    case 11: Size<11, vectors>.product(tile)
    case 12: Size<12, vectors>.product(tile)
    case 13: Size<13, vectors>.product(tile)
    default: Size<14, vectors>.product(tile)
    }
  }
}

private enum Size<let rows: Int, let vectors: Int> {
  @inline(never)
  static func product(_ tile: RowTileBFloat16) { blocks(rows, vectors: vectors, tile) }
}

/// ``RowTileBFloat16`` for blocks of `rows` rows and `vectors` (1 or 2) vectors of columns, both constants.
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
