import Kernels
import Tensors
import XCTest

final class LayoutTests: XCTestCase {
  func testThereAndBack() throws {
    for (batch, channels, height, width) in [
      (1, 1, 1, 1), (2, 3, 1, 1), (2, 3, 5, 7), (1, 3, 64, 65), (2, 1, 9, 9), (1, 2, 5, 5), (1, 4, 4, 4),
      (2, 5, 6, 7), (1, 96, 13, 13), (2, 17, 3, 11), (1, 256, 6, 6), (3, 64, 1, 1), (1, 1, 300, 301),
      (1, 33_000, 2, 3), (1, 4, 100, 101),
    ] {
      let count = batch * channels * height * width
      let planar = (0..<count).map { Float($0) }
      var expected = planar
      for n in 0..<batch {
        for c in 0..<channels {
          for p in 0..<height * width {
            expected[(n * height * width + p) * channels + c] = planar[(n * channels + c) * height * width + p]
          }
        }
      }
      try onEveryTable { context, name in
        let label = "\(name) \(batch)×\(channels)×\(height)×\(width)"
        let last = try [Float].filled(count + 1, with: untouched) {
          try Layout.nchwToNHWC(
            batch: batch, channels: channels, height: height, width: width, input: planar, output: $0,
            context: context)
        }
        assertIdentical(last, expected + [untouched], label)
        let first = try [Float].filled(count + 1, with: untouched) {
          try Layout.nhwcToNCHW(
            batch: batch, channels: channels, height: height, width: width, input: last, output: $0,
            context: context)
        }
        assertIdentical(first, planar + [untouched], label)
      }
    }
  }

  func testTransposesIntoAPart() throws {
    for (rows, columns, stride) in [(1, 1, 1), (3, 5, 3), (3, 64, 3), (7, 3, 20), (227, 130, 4096), (64, 33_000, 65)] {
      let values = (0..<rows * columns).map { Float($0) }
      var expected = [Float](repeating: untouched, count: columns * stride)
      for row in 0..<rows {
        for column in 0..<columns { expected[column * stride + row] = values[row * columns + column] }
      }
      try onEveryTable { context, name in
        let result = try [Float].filled(columns * stride, with: untouched) {
          try Layout.transpose(
            rows: rows, columns: columns, input: values, output: $0, outputStride: stride, context: context)
        }
        assertIdentical(result, expected, "\(name) \(rows)×\(columns) into \(stride)")
      }
    }
  }

  func testThereAndBackInBFloat16() throws {
    for (batch, channels, height, width) in [
      (1, 1, 1, 1), (2, 3, 5, 7), (2, 8, 2, 4), (1, 9, 3, 3), (3, 17, 3, 11), (2, 256, 6, 6), (1, 33_000, 2, 3),
    ] {
      let (pixels, count) = (height * width, batch * channels * height * width)
      let planar = (0..<count).map { BFloat16(bits: UInt16(truncatingIfNeeded: $0)) }
      var expected = planar
      for n in 0..<batch {
        for c in 0..<channels {
          for p in 0..<pixels {
            expected[(n * pixels + p) * channels + c] = planar[(n * channels + c) * pixels + p]
          }
        }
      }
      try onEveryTable { context, name in
        let label = "\(name) \(batch)×\(channels)×\(height)×\(width)"
        let guardElement = BFloat16(untouched)
        let last = try [BFloat16].filled(count + 1, with: guardElement) {
          try Layout.nchwToNHWC(
            batch: batch, channels: channels, height: height, width: width, input: planar, output: $0,
            context: context)
        }
        XCTAssert(last == expected + [guardElement], label)
        let first = try [BFloat16].filled(count + 1, with: guardElement) {
          try Layout.nhwcToNCHW(
            batch: batch, channels: channels, height: height, width: width, input: last, output: $0,
            context: context)
        }
        XCTAssert(first == planar + [guardElement], label)
      }
    }
  }
}
