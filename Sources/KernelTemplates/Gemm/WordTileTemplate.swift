/// The instruction that multiplies words on 16 lanes. Sums are lanes of 32 bits, of whatever type.
public protocol WordProduct: SendableMetatype {
  /// Each lane: sum + Σ left · right over the elements of its word.
  static func add(_ left: SIMD16<Int32>, _ right: SIMD16<Int32>, to sum: SIMD16<Int32>) -> SIMD16<Int32>
}

/// ``WordTile`` with blocks of up to fourteen rows and one or two vectors of columns: two vectors of sums for each row,
/// two of the panel and one of the left matrix are 31 of 32 registers.
@inlinable @inline(__always)
public func wordTile<P: WordProduct, Left, Right, Sum>(_: P.Type, _ tile: WordTile<Left, Right, Sum>) {
  if tile.isNarrow { WordTileWidth<1>.product(P.self, tile) } else { WordTileWidth<2>.product(P.self, tile) }
}

/// Tiles with this many vectors of columns; their sizes are types for the reason given at `TileSize`.
public enum WordTileWidth<let vectors: Int> {
  @inlinable @inline(never)
  static func product<P: WordProduct, Left, Right, Sum>(_: P.Type, _ tile: WordTile<Left, Right, Sum>) {
    switch tile.rows {
    case 1: WordTileSize<1, vectors>.product(P.self, tile)
    case 2: WordTileSize<2, vectors>.product(P.self, tile)
    case 3: WordTileSize<3, vectors>.product(P.self, tile)
    case 4: WordTileSize<4, vectors>.product(P.self, tile)
    case 5: WordTileSize<5, vectors>.product(P.self, tile)
    case 6: WordTileSize<6, vectors>.product(P.self, tile)
    case 7: WordTileSize<7, vectors>.product(P.self, tile)
    case 8: WordTileSize<8, vectors>.product(P.self, tile)
    case 9: WordTileSize<9, vectors>.product(P.self, tile)
    case 10: WordTileSize<10, vectors>.product(P.self, tile)
    case 11: WordTileSize<11, vectors>.product(P.self, tile)
    case 12: WordTileSize<12, vectors>.product(P.self, tile)
    case 13: WordTileSize<13, vectors>.product(P.self, tile)
    default: WordTileSize<14, vectors>.product(P.self, tile)
    }
  }
}

/// Blocks of one size.
public enum WordTileSize<let rows: Int, let vectors: Int> {
  @inlinable @inline(never)
  static func product<P: WordProduct, Left, Right, Sum>(_: P.Type, _ tile: WordTile<Left, Right, Sum>) {
    var block = 0
    repeat {
      wordBlock(
        P.self, rows, vectors: vectors, tile, left: UnsafeRawPointer(tile.left[block]),
        output: UnsafeMutableRawPointer(tile.output + (block &* rows &* tile.outputStride)))
      block = block &+ 1
    } while block != tile.blockCount
  }
}

/// One block of `rows` rows and `vectors` vectors of columns, both constants.
@inlinable @inline(__always)
func wordBlock<P: WordProduct, Left, Right, Sum>(
  _: P.Type, _ rows: Int, vectors: Int, _ tile: WordTile<Left, Right, Sum>, left: UnsafeRawPointer,
  output: UnsafeMutableRawPointer
) {
  typealias Words = SIMD16<Int32>
  let (leftBytes, outputBytes) = (tile.leftStride &* MemoryLayout<Left>.stride, tile.outputStride &* 4)
  var sums = TileSums<Words>()
  if let start = tile.start.map({ UnsafeRawPointer($0) }) {
    let s0 = start.loadUnaligned(as: Words.self)
    let s1 = vectors > 1 ? start.loadUnaligned(fromByteOffset: 64, as: Words.self) : s0
    sums.forEachRow(rows) { _, a, b, _ in
      a = s0
      if vectors > 1 { b = s1 }
    }
  } else {
    sums.forEachRow(rows) { i, a, b, _ in
      let row = UnsafeRawPointer(output + (i &* outputBytes))
      a = row.loadUnaligned(as: Words.self)
      if vectors > 1 { b = row.loadUnaligned(fromByteOffset: 64, as: Words.self) }
    }
  }

  var panel = UnsafeRawPointer(tile.panel)
  var run = 0
  repeat {
    var word = left + tile.runOffsets[run] &* MemoryLayout<Left>.stride
    let end = word + tile.runLength &* MemoryLayout<Left>.stride
    repeat {
      let p0 = panel.loadUnaligned(as: Words.self)
      let p1 = vectors > 1 ? panel.loadUnaligned(fromByteOffset: 64, as: Words.self) : p0
      prefetchPanel(panel, bytes: 64 &* vectors, rows: rows)
      sums.forEachRow(rows) { i, a, b, _ in
        let x = Words(repeating: word.loadUnaligned(fromByteOffset: i &* leftBytes, as: Int32.self))
        a = P.add(x, p0, to: a)
        if vectors > 1 { b = P.add(x, p1, to: b) }
      }
      panel += 128
      word += 4
    } while word != end
    panel += tile.panelGap &* MemoryLayout<Right>.stride
    run = run &+ 1
  } while run != tile.runCount

  sums.forEachRow(rows) { i, a, b, _ in
    let row = output + (i &* outputBytes)
    row.storeBytes(of: a, as: Words.self)
    if vectors > 1 { row.storeBytes(of: b, toByteOffset: 64, as: Words.self) }
  }
}
