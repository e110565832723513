import XCTest

@testable import Imaging

final class MovedCropTests: XCTestCase {
  private func pixels(
    _ image: [UInt8], _ height: Int, _ width: Int, channels: Int = 1, crop: (Int, Int), top: Int = 0, left: Int = 0,
    mirrored: Bool = false, degrees: Double = 0
  ) -> [Float] {
    image.withUnsafeBufferPointer { image in
      guard let bytes = image.baseAddress else { return [] }
      let moved = MovedCrop(
        image: bytes, height: height, width: width, channels: channels, cropHeight: crop.0, cropWidth: crop.1,
        top: top, left: left, mirrored: mirrored, angle: degrees * .pi / 180)
      var output = [Float](repeating: .nan, count: crop.0 * crop.1 * channels)
      for row in 0..<crop.0 {
        output.withUnsafeMutableBufferPointer { output in
          guard let target = output.baseAddress else { return }
          // In two parts, as the writer requests them.
          let first = crop.1 / 2
          let start = target + row * crop.1 * channels
          moved.read(row: row, first: 0, pixels: first, into: start)
          moved.read(row: row, first: first, pixels: crop.1 - first, into: start + first * channels)
        }
      }
      return output
    }
  }

  private let image = (0..<7 * 9 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }

  func testAShiftIsExactAndRepeatsTheEdge() {
    for (top, left) in [(1, 2), (-3, -2), (4, 6), (-100, 100)] {
      for mirrored in [false, true] {
        var expected: [Float] = []
        for row in 0..<5 {
          for column in 0..<6 {
            let (y, x) = (min(max(top + row, 0), 6), min(max(left + (mirrored ? 5 - column : column), 0), 8))
            for channel in 0..<3 { expected.append(Float(image[(y * 9 + x) * 3 + channel])) }
          }
        }
        XCTAssertEqual(
          pixels(image, 7, 9, channels: 3, crop: (5, 6), top: top, left: left, mirrored: mirrored), expected)
      }
    }
  }

  /// On a plane a·x + b·y + c bilinear interpolation is exact: the crop must be the rotated plane.
  func testAKnownTurnOfAGradient() {
    let (a, b, c) = (2.0, 1.0, 10.0)
    let image = (0..<60 * 60).map { UInt8(a * Double($0 % 60) + b * Double($0 / 60) + c) }
    for degrees in [17.0, -17, 90, 133.5, 180] {
      let (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
      let turned = pixels(image, 60, 60, crop: (20, 24), top: 20, left: 17, degrees: degrees)
      for row in 0..<20 {
        for column in 0..<24 {
          let (u, v) = (Double(column) - 11.5, Double(row) - 9.5)
          let (x, y) = (17 + 11.5 + u * cosine - v * sine, 20 + 9.5 + u * sine + v * cosine)
          XCTAssertEqual(Double(turned[row * 24 + column]), a * x + b * y + c, accuracy: 1e-3)
        }
      }
    }
  }

  /// Counter-clockwise: the right side moves to the top.
  func testQuarterTurns() {
    let image = (0..<25).map { UInt8($0 * 10) }
    let quarter = pixels(image, 5, 5, crop: (5, 5), degrees: 90)
    for row in 0..<5 {
      for column in 0..<5 {
        XCTAssertEqual(quarter[row * 5 + column], Float(image[column * 5 + 4 - row]), accuracy: 1e-3)
      }
    }
    // A cross looks the same from four sides.
    let cross = (0..<25).map { UInt8($0 / 5 == 2 || $0 % 5 == 2 ? 200 : 30) }
    for (value, expected) in zip(pixels(cross, 5, 5, crop: (5, 5), degrees: 90), cross) {
      XCTAssertEqual(value, Float(expected), accuracy: 1e-3)
    }
  }

  func testAMirroredTurnIsTheMirrorOfTheTurn() {
    let turned = pixels(image, 7, 9, channels: 3, crop: (5, 6), top: 1, left: 1, degrees: 40)
    let mirrored = pixels(image, 7, 9, channels: 3, crop: (5, 6), top: 1, left: 1, mirrored: true, degrees: 40)
    for row in 0..<5 {
      for column in 0..<6 {
        for channel in 0..<3 {
          XCTAssertEqual(
            mirrored[(row * 6 + column) * 3 + channel], turned[(row * 6 + 5 - column) * 3 + channel])
        }
      }
    }
  }

  func testATurnBeyondTheBorderStaysWithinTheImage() {
    let image = [UInt8](repeating: 77, count: 4 * 4)
    for degrees in stride(from: -180.0, through: 180, by: 7.5) {
      XCTAssertEqual(
        pixels(image, 4, 4, crop: (4, 4), top: -3, left: 3, degrees: degrees), [Float](repeating: 77, count: 16))
    }
    XCTAssertEqual(pixels([5], 1, 1, crop: (1, 1), degrees: 33), [5])
  }
}
