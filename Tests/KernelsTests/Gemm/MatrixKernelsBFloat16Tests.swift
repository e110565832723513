import KernelTemplates
import Kernels
import Tensors
import TestSupport
import XCTest

/// The kernels of every table with bfloat16 against their references.
final class MatrixKernelsBFloat16Tests: XCTestCase {
  override func setUp() { continueAfterFailure = true }

  private func onEveryTable(_ body: (_ kernels: MatrixKernelsBFloat16, _ name: String) throws -> Void) rethrows {
    for table in KernelRegistry.available {
      if let kernels = table.bfloat16 { try body(kernels, table.name) }
    }
  }

  func testTilesOfIntegersAreExact() {
    onEveryTable { kernels, name in
      for rows in 1...kernels.rows {
        for blocks in 1...kernels.blocks {
          for (runs, length) in [(1, 1), (1, 9), (3, 2), (4, 5)] {
            for (hasStart, isNarrow) in [(false, false), (true, false), (false, true), (true, true)] {
              let product = TileProduct(
                kernels, rows: rows, blocks: blocks, runs: runs, runLength: length * kernels.innerMultiple,
                hasStart: hasStart, isNarrow: isNarrow
              ) { RandomValues.integers($0, seed: $1) }
              XCTAssertNil(
                Tolerance.firstDifference(
                  product.run { kernels.tile($0) },
                  expected: product.run { Reference.rowTileBFloat16($0, columns: kernels.columns) }),
                "\(name), \(rows) rows, \(blocks) blocks, \(runs) runs of \(length), narrow \(isNarrow)")
            }
          }
        }
      }
    }
  }

  func testTilesOfRandomNumbersStayWithinTheBound() {
    onEveryTable { kernels, name in
      let runLength = 40 * kernels.innerMultiple
      func product(_ values: @escaping (Float) -> Float) -> TileProduct {
        TileProduct(
          kernels, rows: kernels.rows, blocks: kernels.blocks, runs: 3, runLength: runLength, hasStart: true,
          isNarrow: false
        ) { RandomValues.uniform($0, seed: $1).map(values) }
      }
      func twin(_ product: TileProduct) -> [Double] {
        product.run { Reference.rowTileBFloat16($0, columns: kernels.columns) }.map(Double.init)
      }
      let signed = product { $0 }
      // The reference rounds as the kernel does: twice the bound of one.
      let beyond = Tolerance.firstBeyond(
        signed.run { kernels.tile($0) }, expected: twin(signed), terms: 4 * 3 * runLength,
        magnitudes: twin(product(abs)))
      XCTAssertNil(beyond, name)
    }
  }

  func testWideningIsExactForEveryValue() {
    let all = (UInt16.min...UInt16.max).map { BFloat16(bits: $0) }
    onEveryTable { kernels, name in
      for count in [1, 15, 17, all.count] {
        var wide = [Float](repeating: -1, count: count + 1)
        kernels.widen(count, all, &wide)
        for i in 0..<count where wide[i].bitPattern != all[i].float.bitPattern {
          return XCTFail("\(name): \(all[i].bits) became \(wide[i])")
        }
        XCTAssertEqual(wide[count], -1, "\(name): written past the end")
      }
    }
  }

  func testNarrowingEqualsItsTwinBitForBit() {
    // Every exponent, fractions about the middle between two values, both signs; infinities, NaNs, denormals.
    var x: [Float] = []
    for upper in stride(from: 0, through: 0xffff, by: 7) {
      for lower: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
        x.append(Float(bitPattern: UInt32(upper) << 16 | lower))
      }
    }
    onEveryTable { kernels, name in
      for (columns, relu) in [(32, false), (32, true), (7, false), (23, true), (16, true)] {
        let rows = x.count / 40
        func run(_ kernel: (RowNarrowing) -> Void) -> [BFloat16] {
          var y = [BFloat16](repeating: BFloat16(-1), count: rows * 33)
          y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
              guard let source = x.baseAddress, let target = y.baseAddress else { return }
              kernel(
                RowNarrowing(
                  rows: rows, columns: columns, source: source, sourceStride: 40, relu: relu, target: target,
                  targetStride: 33))
            }
          }
          return y
        }
        for (i, (a, e)) in zip(run { kernels.narrowRows($0) }, run(Reference.narrowRows)).enumerated() {
          let areNaN = a.float.isNaN && e.float.isNaN
          // Zeros of both signs are equal.
          if a.float != e.float && !areNaN { return XCTFail("\(name), element \(i): got \(a), expected \(e)") }
        }
      }
      var narrow = [BFloat16](repeating: BFloat16(0), count: x.count)
      kernels.narrow(x.count, x, &narrow)
      for i in x.indices where !x[i].isSubnormal && !x[i].isNaN {
        XCTAssertEqual(narrow[i], BFloat16(x[i]), "\(name): \(x[i])")
      }
    }
  }

  func testPackingEqualsItsTwin() {
    onEveryTable { kernels, name in
      for (rows, columns) in [(1, 1), (2, 32), (3, 31), (6, 33), (7, 80), (8, 64)] {
        let floats = RandomValues.uniform(rows * 100, seed: 1)
        let halves = floats.map(BFloat16.init)
        let panelStride = (rows + 1) / 2 * 2 * kernels.columns + 5
        func run(_ pack: (UnsafeMutablePointer<BFloat16>) -> Void) -> [BFloat16] {
          var panels = [BFloat16](repeating: BFloat16(7), count: 3 * panelStride)
          pack(&panels)
          return panels
        }
        let expected = run {
          Reference.panelsBFloat16(
            rows, columns, floats, 100, $0, panelStride, width: kernels.columns, rounded: BFloat16.init)
        }
        XCTAssert(run { kernels.packFloats(rows, columns, floats, 100, $0, panelStride) } == expected, name)
        XCTAssert(run { kernels.packRows(rows, columns, halves, 100, $0, panelStride) } == expected, name)
      }
    }
  }
}

/// Operands of a tile: blocks of rows somewhere in a matrix, runs at odd distances.
private struct TileProduct {
  let kernels: MatrixKernelsBFloat16
  let rows: Int
  let blocks: Int
  let runLength: Int
  let offsets: [Int]
  let leftStride: Int
  let left: [BFloat16]
  let panel: [BFloat16]
  let start: [Float]
  let hasStart: Bool
  let isNarrow: Bool
  let output: [Float]

  init(
    _ kernels: MatrixKernelsBFloat16, rows: Int, blocks: Int, runs: Int, runLength: Int, hasStart: Bool,
    isNarrow: Bool, values: (_ count: Int, _ seed: UInt64) -> [Float]
  ) {
    self.kernels = kernels
    self.rows = rows
    self.blocks = blocks
    self.runLength = runLength
    self.hasStart = hasStart
    self.isNarrow = isNarrow
    offsets = (0..<runs).map { $0 * (runLength + 3) }
    leftStride = 5
    left = values(blocks * (rows * leftStride + 17) + runs * (runLength + 3), 1).map(BFloat16.init)
    panel = values(runs * runLength * kernels.columns, 2).map(BFloat16.init)
    start = values(kernels.columns, 3)
    output = values(blocks * rows * (kernels.columns + 3), 4)
  }

  /// C and what lies between its rows; zeros in unused columns.
  func run(_ kernel: (RowTileBFloat16) -> Void) -> [Float] {
    var result = output
    result.withUnsafeMutableBufferPointer { output in
      withPointers(left, panel, start, offsets) { left, panel, start, offsets in
        guard let output = output.baseAddress else { return }
        let firstRows = (0..<blocks).map { left + $0 * (rows * leftStride + 17) }
        firstRows.withUnsafeBufferPointer { firstRows in
          guard let firstRows = firstRows.baseAddress else { return }
          kernel(
            RowTileBFloat16(
              rows: rows, blockCount: blocks, left: firstRows, leftStride: leftStride, runOffsets: offsets,
              runCount: self.offsets.count, runLength: runLength, panel: panel, start: hasStart ? start : nil,
              output: output, outputStride: kernels.columns + 3, isNarrow: isNarrow))
        }
      }
    }
    if isNarrow {
      for row in 0..<(blocks * rows) {
        for j in kernels.columns / 2..<kernels.columns { result[row * (kernels.columns + 3) + j] = 0 }
      }
    }
    return result
  }

  private func withPointers<A, B, C>(
    _ a: [A], _ b: [A], _ c: [B], _ d: [C],
    _ body: (UnsafePointer<A>, UnsafePointer<A>, UnsafePointer<B>, UnsafePointer<C>) -> Void
  ) {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeBufferPointer { c in
          d.withUnsafeBufferPointer { d in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress, let d = d.baseAddress
            else { return }
            body(a, b, c, d)
          }
        }
      }
    }
  }
}
