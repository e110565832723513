import Tensors
import XCTest

@testable import Imaging

final class ResamplingTests: XCTestCase {
  /// An axis of explicit sums: output i reads `taps` pixels from starts[i] on.
  private struct Sums {
    var starts: [Int32]
    var weights: [Float]
    var taps: Int
  }

  private func resample(
    _ image: [UInt8], height: Int, width: Int, channels: Int, rows: Sums, columns: Sums
  ) throws -> [UInt8] {
    var output = [UInt8](repeating: 99, count: rows.starts.count * columns.starts.count * channels)
    try withAxis(rows, length: height) { rows in
      try withAxis(columns, length: width) { columns in
        try Resampling.apply(
          image: image, width: width, channels: channels, rows: rows, columns: columns, output: &output)
      }
    }
    return output
  }

  private func withAxis(_ sums: Sums, length: Int, _ body: (Resampling.Axis) throws -> Void) throws {
    try sums.starts.withUnsafeBufferPointer { starts in
      try sums.weights.withUnsafeBufferPointer { weights in
        try body(try Resampling.Axis(starts: starts, weights: weights, taps: sums.taps, length: length))
      }
    }
  }

  /// The same sums in double precision.
  private func reference(_ image: [UInt8], width: Int, channels: Int, rows: Sums, columns: Sums) -> [Double] {
    var output: [Double] = []
    for (i, row) in rows.starts.enumerated() {
      for (j, column) in columns.starts.enumerated() {
        for channel in 0..<channels {
          var total = 0.0
          for k in 0..<rows.taps {
            for l in 0..<columns.taps {
              let pixel = image[((Int(row) + k) * width + Int(column) + l) * channels + channel]
              total += Double(rows.weights[i * rows.taps + k] * columns.weights[j * columns.taps + l]) * Double(pixel)
            }
          }
          output.append(total)
        }
      }
    }
    return output
  }

  func testIsTheWeightedSumOfPixelsForAnyNumberOfChannels() throws {
    let generator = Philox(seed: 3, purpose: .test, step: 0)
    for channels in [1, 2, 3, 4, 5, 8, 9] {
      let (height, width) = (9, 11)
      let image = (0..<height * width * channels).map {
        UInt8(truncatingIfNeeded: generator.words(UInt64($0))[0])
      }
      let rows = Sums(starts: [0, 2, 2, 6], weights: (0..<12).map { 0.05 * Float($0) - 0.1 }, taps: 3)
      let columns = Sums(starts: [7, 0, 3], weights: (0..<12).map { 0.03 * Float($0) }, taps: 4)
      let found = try resample(
        image, height: height, width: width, channels: channels, rows: rows, columns: columns)
      let expected = reference(image, width: width, channels: channels, rows: rows, columns: columns)
      for (value, sum) in zip(found, expected) {
        XCTAssertLessThanOrEqual(abs(Double(value) - min(max(sum, 0), 255)), 0.5 + 1e-3)
      }
    }
  }

  func testCutsToBytes() throws {
    let image = [UInt8](repeating: 200, count: 4)
    for (weight, expected) in [(Float.infinity, UInt8(255)), (1e30, 255), (.nan, 0), (-1, 0), (0.5, 100)] {
      let rows = Sums(starts: [0], weights: [weight], taps: 1)
      let columns = Sums(starts: [1], weights: [1], taps: 1)
      XCTAssertEqual(try resample(image, height: 2, width: 2, channels: 1, rows: rows, columns: columns), [expected])
    }
  }

  func testRefusesWeightsBeyondTheImage() {
    let one = Sums(starts: [0], weights: [1], taps: 1)
    let wrong = [
      Sums(starts: [-1], weights: [1], taps: 1), Sums(starts: [2], weights: [1], taps: 1),
      Sums(starts: [1], weights: [1, 1], taps: 2), Sums(starts: [.max], weights: [1], taps: 1),
      Sums(starts: [.min], weights: [1], taps: 1), Sums(starts: [0, 0], weights: [1], taps: 1),
      Sums(starts: [0], weights: [1, 1], taps: 1), Sums(starts: [], weights: [], taps: 1),
      Sums(starts: [0], weights: [], taps: 0), Sums(starts: [0], weights: [1, 1, 1], taps: 3),
    ]
    for sums in wrong {
      for (rows, columns) in [(sums, one), (one, sums)] {
        XCTAssertThrowsError(
          try resample([1, 2, 3, 4], height: 2, width: 2, channels: 1, rows: rows, columns: columns)
        ) { XCTAssertTrue("\($0)".contains("resample: ")) }
      }
    }
  }
}
