import KernelTemplates
import TestSupport
import XCTest

@testable import Kernels

/// Blocks of pixels as channels, compared with the definition, one element at a time.
final class SpaceToDepthTests: XCTestCase {
  func testBlocksAreTheImagesPixelsWithZerosAround() throws {
    let uneven = Padding(top: 1, left: 2, bottom: 3, right: 0)
    for c in try [
      ConvolutionCase("", size: (9, 7), channels: (4, 2), kernel: (3, 3), padding: uneven, groups: 2),
      ConvolutionCase("", size: (11, 14), channels: (4, 2), kernel: (7, 7), stride: (3, 3), padding: uneven, groups: 2),
      ConvolutionCase("", size: (8, 8), channels: (3, 1), kernel: (5, 5), stride: (2, 2)),
    ] {
      let (s, blocks) = (c.shape, SpaceToDepth(shape: c.shape))
      let image = (0..<c.inputCount).map { Float($0 + 1) }
      func pixel(_ y: Int, _ x: Int, _ channel: Int) -> Float {
        guard 0..<s.inputHeight ~= y, 0..<s.inputWidth ~= x else { return 0 }
        return image[(y * s.inputWidth + x) * s.inputChannels + channel]
      }
      let (first, rows, columns) = ((row: 1, column: 1), 3, 4)
      for group in 0..<s.groups {
        var found = [Float](repeating: .nan, count: rows * columns * blocks.groupInputs)
        var line = [Float](repeating: .nan, count: blocks.lineCount(columns: columns))
        blocks.copy(image: image, group: group, first: first, rows: rows, columns: columns, to: &found, line: &line)
        var expected: [Float] = []
        for row in first.row..<first.row + rows {
          for column in first.column..<first.column + columns {
            for y in 0..<blocks.block {
              for x in 0..<blocks.block {
                expected += (0..<s.groupInputs).map {
                  pixel(
                    row * blocks.block + y - s.padding.top, column * blocks.block + x - s.padding.left,
                    group * s.groupInputs + $0)
                }
              }
            }
          }
        }
        XCTAssertEqual(found, expected, "\(s), group \(group)")
      }
    }
  }

  /// Every tap of the strided kernel is one of one phase's, at its place in the blocks.
  func testEveryTapIsUsedOnce() throws {
    for (kernel, stride) in [(11, 4), (12, 4), (5, 2), (9, 2), (3, 1), (5, 1)] {
      let c = try ConvolutionCase(
        "", size: (20, 20), channels: (6, 4), kernel: (kernel, kernel), stride: (stride, stride), groups: 2)
      let (s, blocks) = (c.shape, SpaceToDepth(shape: c.shape))
      XCTAssertEqual(blocks.taps, (kernel + stride - 1) / stride)
      var used = Set<Int>()
      for channel in 0..<blocks.groupInputs {
        let (taps, offset) = blocks.kernels(of: channel)
        let (row, column) = (channel / s.groupInputs / stride, channel / s.groupInputs % stride)
        for y in 0..<taps.rows {
          for x in 0..<taps.columns {
            let place = offset + y * taps.rowStride + x * taps.columnStride
            let tap = (y * stride + row) * kernel + x * stride + column
            XCTAssertEqual(place, (tap * s.groupInputs + channel % s.groupInputs) * s.outputChannels)
            XCTAssert(used.insert(place).inserted)
          }
        }
      }
      XCTAssertEqual(used.count, kernel * kernel * s.groupInputs)
    }
  }
}
