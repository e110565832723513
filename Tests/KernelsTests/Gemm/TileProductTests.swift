import KernelTemplates
import Tensors
import TestSupport
import XCTest

@testable import Kernels

/// The loop over AMX tiles, on emulated tiles, against three nested loops; and the emulation itself.
final class TileProductTests: XCTestCase {
  func testEveryNumberOfRowsAndBlocks() {
    for rows in 1...TileGeometry.rows {
      for blocks in 1...TileGeometry.blocks {
        for (runs, starts) in [([5], true), ([0, 70, 33], false), ([9, 2], true)] {
          check(rows: rows, blocks: blocks, runs: runs, runLength: 32 * (1 + rows % 3), starts: starts)
        }
      }
    }
    XCTAssertEqual(EmulatedTiles.takeFaults(), [])
  }

  private func check(rows: Int, blocks: Int, runs: [Int], runLength: Int, starts: Bool) {
    let (columns, stride, outputStride) = (TileGeometry.columns, 211, 37)
    var draws = Draws(1)
    let left = draws.integers((blocks * rows + 1) * stride, magnitude: 9)
    let right = draws.integers(runs.count * runLength * columns, magnitude: 9)
    let start = draws.integers(columns, magnitude: 99)
    var panel = [BFloat16](repeating: BFloat16(0), count: right.count)
    emulatedAMX.packFloats(runs.count * runLength, columns, right, columns, &panel, panel.count)

    var output = [Float](repeating: untouched, count: blocks * rows * outputStride)
    var expected = output
    for i in 0..<blocks * rows {
      for j in 0..<columns {
        var sum = starts ? start[j] : untouched.rounded()
        output[i * outputStride + j] = untouched.rounded()
        for (run, offset) in runs.enumerated() {
          for k in 0..<runLength { sum += left[i * stride + offset + k] * right[(run * runLength + k) * columns + j] }
        }
        expected[i * outputStride + j] = sum
      }
    }
    left.map(BFloat16.init).withUnsafeBufferPointer { left in
      guard let left = left.baseAddress else { return }
      let pointers = (0..<blocks).map { left + $0 * rows * stride }
      multiply(
        rows: rows, left: pointers, blocks: blocks, stride: stride, runs: runs, runLength: runLength, panel: panel,
        start: start, starts: starts, output: &output, outputStride: outputStride)
    }
    assertIdentical(output, expected, "\(rows) rows, \(blocks) blocks, \(runs.count) runs")
  }

  private func multiply(
    rows: Int, left: UnsafePointer<UnsafePointer<BFloat16>>, blocks: Int, stride: Int, runs: [Int], runLength: Int,
    panel: UnsafePointer<BFloat16>, start: UnsafePointer<Float>, starts: Bool, output: UnsafeMutablePointer<Float>,
    outputStride: Int
  ) {
    runs.withUnsafeBufferPointer {
      guard let offsets = $0.baseAddress else { return }
      emulatedAMX.tile(
        RowTileBFloat16(
          rows: rows, blockCount: blocks, left: left, leftStride: stride, runOffsets: offsets, runCount: runs.count,
          runLength: runLength, panel: panel, start: starts ? start : nil, output: output, outputStride: outputStride))
    }
  }

  func testTheEmulationFaultsWhereTheCPUWould() {
    func faults(_ body: () -> Void) -> String? {
      body()
      EmulatedTiles.release()
      let faults = EmulatedTiles.takeFaults()
      XCTAssertLessThanOrEqual(faults.count, 1)
      return faults.first
    }
    func configure(_ change: (inout [UInt8]) -> Void) {
      var bytes = withUnsafeBytes(of: TileConfiguration(rows: 3)) { Array($0) }
      change(&bytes)
      EmulatedTiles.configure(bytes)
    }
    XCTAssertNil(faults { configure { _ in } })
    XCTAssertEqual(faults { configure { $0[0] = 2 } }, "LDTILECFG: palette or reserved bytes")
    XCTAssertEqual(faults { configure { $0[63] = 1 } }, "LDTILECFG: palette or reserved bytes")
    XCTAssertEqual(faults { configure { $0[1] = 1 } }, "LDTILECFG: start row 1")
    XCTAssertEqual(faults { configure { $0[48] = 17 } }, "LDTILECFG: tmm0 of 17 rows of 64 bytes")
    XCTAssertEqual(faults { configure { $0[16] = 65 } }, "LDTILECFG: tmm0 of 3 rows of 65 bytes")
    XCTAssertEqual(faults { configure { $0[48] = 0 } }, "LDTILECFG: tmm0 of 0 rows of 64 bytes")
    XCTAssertEqual(faults { EmulatedTiles.dot(0) }, "TDPBF16PS: tiles not configured")
    XCTAssertEqual(
      faults {
        configure { $0[54] = 15 }
        EmulatedTiles.dot(0)
      }, "TDPBF16PS: tmm0, tmm4, tmm6 do not fit")
    XCTAssertEqual(
      faults {
        configure { ($0[16], $0[48]) = (0, 0) }
        EmulatedTiles.dot(0)
      }, "TDPBF16PS: tmm0 has no rows")
  }
}
