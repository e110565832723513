// Every tile size is a separate function: the optimiser stops inlining in a function that has grown too large. Sizes
// are type parameters, because these are constants in the specialised code.

/// Tiles with this many vectors of columns and any number of rows that the instruction set supports.
public enum TileWidth<let vectors: Int> {
  @inlinable @inline(__always)
  static func rowTile<I: InstructionSet, V: SIMD>(_: I.Type, _: V.Type, _ rows: Int, _ tile: RowTile)
  where V.Scalar == Float {
    let most = vectors > 2 ? I.wideRows : I.rows
    switch rows {
    case 1: TileSize<1, vectors>.rowTile(I.self, V.self, tile)
    case 2 where most >= 2: TileSize<2, vectors>.rowTile(I.self, V.self, tile)
    case 3 where most >= 3: TileSize<3, vectors>.rowTile(I.self, V.self, tile)
    case 4 where most >= 4: TileSize<4, vectors>.rowTile(I.self, V.self, tile)
    case 5 where most >= 5: TileSize<5, vectors>.rowTile(I.self, V.self, tile)
    case 6 where most >= 6: TileSize<6, vectors>.rowTile(I.self, V.self, tile)
    case 7 where most >= 7: TileSize<7, vectors>.rowTile(I.self, V.self, tile)
    case 8 where most >= 8: TileSize<8, vectors>.rowTile(I.self, V.self, tile)
    case 9 where most >= 9: TileSize<9, vectors>.rowTile(I.self, V.self, tile)
    case 10 where most >= 10: TileSize<10, vectors>.rowTile(I.self, V.self, tile)
    case 11 where most >= 11: TileSize<11, vectors>.rowTile(I.self, V.self, tile)
    case 12 where most >= 12: TileSize<12, vectors>.rowTile(I.self, V.self, tile)
    default: break
    }
  }
}

@inlinable @inline(__always)
func outerTile<I: InstructionSet, V: SIMD>(_: I.Type, _: V.Type, _ rows: Int, _ tile: OuterTile)
where V.Scalar == Float {
  switch rows {
  case 1: TileSize<1, 2>.outerTile(I.self, V.self, tile)
  case 2 where I.rows >= 2: TileSize<2, 2>.outerTile(I.self, V.self, tile)
  case 3 where I.rows >= 3: TileSize<3, 2>.outerTile(I.self, V.self, tile)
  case 4 where I.rows >= 4: TileSize<4, 2>.outerTile(I.self, V.self, tile)
  case 5 where I.rows >= 5: TileSize<5, 2>.outerTile(I.self, V.self, tile)
  case 6 where I.rows >= 6: TileSize<6, 2>.outerTile(I.self, V.self, tile)
  case 7 where I.rows >= 7: TileSize<7, 2>.outerTile(I.self, V.self, tile)
  case 8 where I.rows >= 8: TileSize<8, 2>.outerTile(I.self, V.self, tile)
  case 9 where I.rows >= 9: TileSize<9, 2>.outerTile(I.self, V.self, tile)
  case 10 where I.rows >= 10: TileSize<10, 2>.outerTile(I.self, V.self, tile)
  case 11 where I.rows >= 11: TileSize<11, 2>.outerTile(I.self, V.self, tile)
  case 12 where I.rows >= 12: TileSize<12, 2>.outerTile(I.self, V.self, tile)
  default: break
  }
}

/// Tiles of one size.
public enum TileSize<let rows: Int, let vectors: Int> {
  @inlinable @inline(never)
  static func rowTile<I: InstructionSet, V: SIMD>(_: I.Type, _: V.Type, _ tile: RowTile) where V.Scalar == Float {
    KernelTemplates.rowTile(rows, vectors: vectors, tile, fused: I.fused, as: V.self)
  }

  @inlinable @inline(never)
  static func outerTile<I: InstructionSet, V: SIMD>(_: I.Type, _: V.Type, _ tile: OuterTile) where V.Scalar == Float {
    KernelTemplates.outerTile(rows, tile, fused: I.fused, as: V.self)
  }
}
