import CInstructions
import KernelTemplates

/// Products of bytes where there is only an instruction for pairs of Int16: of a word's four bytes the even ones are
/// multiplied, and then the odd ones.
let avx2Int8 = MatrixKernelsInt8(of: AVX2.self, rows: 4, columns: 16, isNative: false) { tile in
  switch tile.rows {
  case 1: PairTile<1>.product(tile)
  case 2: PairTile<2>.product(tile)
  case 3: PairTile<3>.product(tile)
  default: PairTile<4>.product(tile)
  }
}

/// Blocks of so many rows and two vectors of columns.
private enum PairTile<let rows: Int> {
  private typealias Sums = SIMD8<Int32>

  @inline(never)
  static func product(_ tile: RowTileInt8) {
    for block in 0..<tile.blockCount {
      var sums = TileSums<Sums>()
      let output = UnsafeMutableRawPointer(tile.output + block &* rows &* tile.outputStride)
      let outputBytes = tile.outputStride &* 4
      sums.forEachRow(rows) { i, a, b, _ in
        let row = tile.start.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(output + i &* outputBytes)
        a = row.loadUnaligned(as: Sums.self)
        b = row.loadUnaligned(fromByteOffset: 32, as: Sums.self)
      }
      var panel = UnsafeRawPointer(tile.panel)
      for run in 0..<tile.runCount {
        var word = UnsafeRawPointer(tile.left[block]) + tile.runOffsets[run]
        let end = word + tile.runLength
        while word != end {
          let (first, second) = (Pairs(signed: panel), Pairs(signed: panel + 32))
          sums.forEachRow(rows) { i, a, b, _ in
            let x = Pairs(unsigned: word.loadUnaligned(fromByteOffset: i &* tile.leftStride, as: UInt32.self))
            a = x.multiplied(by: first, plus: a)
            b = x.multiplied(by: second, plus: b)
          }
          panel += 64
          word += 4
        }
        panel += tile.panelGap
      }
      sums.forEachRow(rows) { i, a, b, _ in
        let row = output + i &* outputBytes
        row.storeBytes(of: a, as: Sums.self)
        row.storeBytes(of: b, toByteOffset: 32, as: Sums.self)
      }
    }
  }
}

/// The even and the odd bytes of eight words, as Int16.
private struct Pairs {
  private let even: SIMD16<Int16>
  private let odd: SIMD16<Int16>

  @inline(__always)
  init(signed bytes: UnsafeRawPointer) {
    let shorts = bytes.loadUnaligned(as: SIMD16<Int16>.self)
    even = (shorts &<< 8) &>> 8
    odd = shorts &>> 8
  }

  /// One word in all lanes.
  @inline(__always)
  init(unsigned word: UInt32) {
    even = unsafeBitCast(SIMD8<UInt32>(repeating: word & 0x00FF_00FF), to: SIMD16<Int16>.self)
    odd = unsafeBitCast(SIMD8<UInt32>(repeating: word &>> 8 & 0x00FF_00FF), to: SIMD16<Int16>.self)
  }

  @inline(__always)
  func multiplied(by other: Pairs, plus sum: SIMD8<Int32>) -> SIMD8<Int32> {
    sum &+ instruction_multiply_pairs(even, other.even) &+ instruction_multiply_pairs(odd, other.odd)
  }
}
