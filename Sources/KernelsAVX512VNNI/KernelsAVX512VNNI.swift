import CInstructions
import KernelTemplates

/// Tiles: ``wordTile(_:_:)``.
public let avx512VNNI = MatrixKernelsInt8(of: QuadProduct.self, rows: 14, columns: 32, isNative: true) {
  wordTile(QuadProduct.self, $0)
}

/// Four products of bytes, added to an Int32.
enum QuadProduct: WordProduct {
  @inline(__always)
  static func add(_ left: SIMD16<Int32>, _ right: SIMD16<Int32>, to sum: SIMD16<Int32>) -> SIMD16<Int32> {
    instruction_dot_bytes(sum, left, right)
  }
}
