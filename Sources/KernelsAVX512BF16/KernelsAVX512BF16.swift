import KernelTemplates

/// Tiles: ``wordTile(_:_:)``.
public let avx512BFloat16 = MatrixKernelsBFloat16(
  rows: 14, blocks: 1, columns: 32, innerMultiple: 2, tile: tileAVX512BF16, widen: widenAVX512BF16,
  narrow: narrowAVX512BF16, narrowRows: narrowRowsAVX512BF16, packFloats: packFloatsAVX512BF16,
  packRows: packRowsAVX512BF16)
