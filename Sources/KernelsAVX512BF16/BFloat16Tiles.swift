import CInstructions
import KernelTemplates
import Tensors

// A function a number of rows, as in the float32 targets: the optimiser stops inlining in a function that has
// grown too large.

@Sendable func tileAVX512BF16(_ tile: BFloat16Tile) {
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

private func tile1(_ tile: BFloat16Tile) { blocks(1, tile) }
private func tile2(_ tile: BFloat16Tile) { blocks(2, tile) }
private func tile3(_ tile: BFloat16Tile) { blocks(3, tile) }
private func tile4(_ tile: BFloat16Tile) { blocks(4, tile) }
private func tile5(_ tile: BFloat16Tile) { blocks(5, tile) }
private func tile6(_ tile: BFloat16Tile) { blocks(6, tile) }
private func tile7(_ tile: BFloat16Tile) { blocks(7, tile) }
private func tile8(_ tile: BFloat16Tile) { blocks(8, tile) }
private func tile9(_ tile: BFloat16Tile) { blocks(9, tile) }
private func tile10(_ tile: BFloat16Tile) { blocks(10, tile) }
private func tile11(_ tile: BFloat16Tile) { blocks(11, tile) }
private func tile12(_ tile: BFloat16Tile) { blocks(12, tile) }
private func tile13(_ tile: BFloat16Tile) { blocks(13, tile) }
private func tile14(_ tile: BFloat16Tile) { blocks(14, tile) }

/// ``BFloat16Tile`` of blocks of `rows` (a constant) rows.
@inline(__always)
private func blocks(_ rows: Int, _ tile: BFloat16Tile) {
  var block = 0
  repeat {
    oneBlock(
      rows, tile, left: UnsafeRawPointer(tile.left[block]), output: tile.output + (block &* rows &* tile.outputStride))
    block = block &+ 1
  } while block != tile.blockCount
}

@inline(__always)
private func oneBlock(_ rows: Int, _ tile: BFloat16Tile, left: UnsafeRawPointer, output: UnsafeMutablePointer<Float>) {
  let (leftBytes, outputStride) = (tile.leftStride &* 2, tile.outputStride)
  var sums = TileSums<SIMD16<Float>>()
  if let start = tile.start {
    let (s0, s1) = (load(start, as: SIMD16<Float>.self), load(start + 16, as: SIMD16<Float>.self))
    sums.forEachRow(rows) { _, a, b in (a, b) = (s0, s1) }
  } else {
    sums.forEachRow(rows) { i, a, b in
      let row = output + (i &* outputStride)
      (a, b) = (load(row, as: SIMD16<Float>.self), load(row + 16, as: SIMD16<Float>.self))
    }
  }

  var panel = UnsafeRawPointer(tile.panel)
  var run = 0
  repeat {
    var pair = left + tile.runOffsets[run] &* 2
    let end = pair + tile.runLength &* 2
    repeat {
      let p0 = panel.loadUnaligned(as: SIMD16<Int32>.self)
      let p1 = panel.loadUnaligned(fromByteOffset: 64, as: SIMD16<Int32>.self)
      sums.forEachRow(rows) { i, a, b in
        let x = SIMD16(repeating: pair.loadUnaligned(fromByteOffset: i &* leftBytes, as: Int32.self))
        a = instruction_dot_bf16(a, x, p0)
        b = instruction_dot_bf16(b, x, p1)
      }
      panel += 128
      pair += 4
    } while pair != end
    run = run &+ 1
  } while run != tile.runCount

  sums.forEachRow(rows) { i, a, b in
    let row = output + (i &* outputStride)
    store(a, row)
    store(b, row + 16)
  }
}
