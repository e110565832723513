import CInstructions
import KernelTemplates

@Sendable func tileAVX512BF16(_ tile: RowTileBFloat16) { wordTile(PairProduct.self, tile) }

/// Two products of bfloat16, added to a float.
enum PairProduct: WordProduct {
  @inline(__always)
  static func add(_ left: SIMD16<Int32>, _ right: SIMD16<Int32>, to sum: SIMD16<Int32>) -> SIMD16<Int32> {
    let floats = instruction_dot_bf16(unsafeBitCast(sum, to: SIMD16<Float>.self), left, right)
    return unsafeBitCast(floats, to: SIMD16<Int32>.self)
  }
}
