import CInstructions
import KernelTemplates

/// The bfloat16 products on AMX tiles; everything else comes from `others`, the AVX512-BF16 kernels.
///
/// Never run on a CPU with AMX: verified by an emulation of the instructions in the tests, and by reading the
/// compiler's output. ``KernelRegistry`` compares it with `others` before first use.
public func amxKernels(besides others: MatrixKernelsBFloat16) -> MatrixKernelsBFloat16 {
  MatrixKernelsBFloat16(
    rows: TileGeometry.rows, blocks: TileGeometry.blocks, innerMultiple: TileGeometry.innerMultiple,
    tile: tileAMX, besides: others)
}

@Sendable private func tileAMX(_ tile: RowTileBFloat16) { tileProduct(tile, as: TileInstructions.self) }

/// One instruction per function: the switches are resolved at compile time.
private enum TileInstructions: TileUnit {
  @inline(__always)
  static func configure(_ configuration: UnsafeRawPointer) { instruction_tile_configure(configuration) }

  @inline(__always)
  static func release() { instruction_tile_release() }

  @inline(__always)
  static func load(_ register: Int, _ source: UnsafeRawPointer, stride: Int) {
    switch register {
    case 0: instruction_tile_load_0(source, stride)
    case 1: instruction_tile_load_1(source, stride)
    case 2: instruction_tile_load_2(source, stride)
    case 3: instruction_tile_load_3(source, stride)
    case 4: instruction_tile_load_4(source, stride)
    case 5: instruction_tile_load_5(source, stride)
    case 6: instruction_tile_load_6(source, stride)
    default: instruction_tile_load_7(source, stride)
    }
  }

  @inline(__always)
  static func store(_ register: Int, _ target: UnsafeMutableRawPointer, stride: Int) {
    switch register {
    case 0: instruction_tile_store_0(target, stride)
    case 1: instruction_tile_store_1(target, stride)
    case 2: instruction_tile_store_2(target, stride)
    default: instruction_tile_store_3(target, stride)
    }
  }

  @inline(__always)
  static func dot(_ sums: Int) {
    switch sums {
    case 0: instruction_tile_dot_0()
    case 1: instruction_tile_dot_1()
    case 2: instruction_tile_dot_2()
    default: instruction_tile_dot_3()
    }
  }
}
