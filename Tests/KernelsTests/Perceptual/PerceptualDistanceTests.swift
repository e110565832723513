import Kernels
import TestSupport
import XCTest

final class PerceptualDistanceTests: XCTestCase {
  private static let channelCounts = Array(1...20) + [31, 64, 100, 192, 384, 513]

  /// Everything the kernels compute of two maps, on one table.
  private func all(
    _ pixels: Int, _ channels: Int, _ a: [Float], _ b: [Float], _ weights: [Float], _ gradient: [Float],
    _ context: ComputeContext
  ) throws -> (map: [Float], backward: [Float], embedding: [Float]) {
    (
      try [Float].filled(pixels, with: untouched) {
        try PerceptualDistance.map(
          pixels: pixels, channels: channels, a: a, b: b, weights: weights, map: $0, context: context)
      },
      try [Float].filled(a.count, with: untouched) {
        try PerceptualDistance.backward(
          pixels: pixels, channels: channels, a: a, b: b, weights: weights, mapGradient: gradient, inputGradient: $0,
          context: context)
      },
      try [Float].filled(a.count, with: untouched) {
        try PerceptualDistance.embedding(
          pixels: pixels, channels: channels, a: a, weights: weights, output: $0, context: context)
      }
    )
  }

  func testAgainstFloat64() throws {
    for channels in Self.channelCounts {
      let pixels = channels < 100 ? 23 : 5
      var draws = Draws(UInt64(channels))
      let (a, b) = (draws.floats(pixels * channels, in: -3...9), draws.floats(pixels * channels, in: -3...9))
      let weights = draws.floats(channels, in: 0...2)
      let gradient = draws.floats(pixels)
      let map = [Double].filled(pixels, with: 0) {
        Reference.perceptualDistance(
          pixels: pixels, channels: channels, a: a.doubles, b: b.doubles, weights: weights.doubles, map: $0)
      }
      let backward = [Double].filled(a.count, with: 0) {
        Reference.perceptualDistanceBackward(
          pixels: pixels, channels: channels, a: a.doubles, b: b.doubles, weights: weights.doubles,
          mapGradient: gradient.doubles, inputGradient: $0)
      }
      let embedding = [Double].filled(a.count, with: 0) {
        Reference.perceptualEmbedding(
          pixels: pixels, channels: channels, a: a.doubles, weights: weights.doubles, output: $0)
      }
      try onEveryTable { context, name in
        let label = "\(name) \(channels) channels"
        let actual = try all(pixels, channels, a, b, weights, gradient, context)
        // Both unit vectors are within 1, and so are their errors in ε times a sum of `channels` terms.
        let sum = Tolerance.sum(terms: channels, magnitude: 8 * Double(weights.max() ?? 0))
        assertWithin(actual.map, map, label) { _ in sum }
        assertWithin(actual.embedding, embedding, label) { _ in sum }
        assertWithin(actual.backward, backward, label) {
          let line = $0 / channels * channels
          let norm = a[line..<(line + channels)].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
          return sum * abs(Double(gradient[$0 / channels])) / norm
        }
      }
    }
  }

  /// Lines with one value other than 0, whose norms are powers of two: unit vectors of whole numbers.
  func testWholeNumbersAreExact() throws {
    let (pixels, channels) = (40, 35)
    var draws = Draws(3)
    var (a, b) = ([Float](repeating: 0, count: pixels * channels), [Float](repeating: 0, count: pixels * channels))
    let weights = draws.integers(channels, magnitude: 5).map { $0 * $0 }
    var expected: [Float] = []
    var units = a
    for pixel in 0..<pixels {
      let (here, there) = (draws.index(below: channels), draws.index(below: channels))
      let (left, right): (Float, Float) = (pixel % 3 == 0 ? -4 : 64, pixel % 2 == 0 ? 1 : 32)
      a[pixel * channels + here] = left
      b[pixel * channels + there] = right
      units[pixel * channels + here] = left < 0 ? -1 : 1
      let together: Float = left < 0 ? 4 : 0
      expected.append(here == there ? together * weights[here] : weights[here] + weights[there])
    }
    let gradient = [Float](repeating: 1, count: pixels)
    try onEveryTable { context, name in
      let actual = try all(pixels, channels, a, b, weights, gradient, context)
      assertIdentical(actual.map, expected, name)
      assertIdentical(actual.embedding, units.indices.map { units[$0] * weights[$0 % channels].squareRoot() }, name)
    }
  }

  func testEqualMapsAndZeros() throws {
    let (pixels, channels) = (9, 21)
    var draws = Draws(4)
    let a = draws.floats(pixels * channels)
    let zeros = [Float](repeating: 0, count: a.count)
    let weights = draws.floats(channels, in: 0...2)
    let gradient = draws.floats(pixels)
    try onEveryTable { context, name in
      let same = try all(pixels, channels, a, a, weights, gradient, context)
      assertIdentical(same.map, [Float](repeating: 0, count: pixels), name)
      assertIdentical(same.backward, zeros, name)
      let empty = try all(pixels, channels, zeros, zeros, weights, gradient, context)
      assertIdentical(empty.map + empty.backward + empty.embedding, Array(zeros[..<pixels]) + zeros + zeros, name)
      let fromZero = try all(pixels, channels, zeros, a, weights, gradient, context)
      assertIdentical(fromZero.backward, zeros, name)
      XCTAssertTrue(fromZero.map.allSatisfy { $0 > 0 }, name)
      // Norms far below the offset, and those whose square is no normal number.
      for tiny: Float in [1e-9, 1e-12, 1e-20, 1e-30, .leastNonzeroMagnitude] {
        let small = try all(pixels, channels, a.map { $0 * tiny }, a, weights, gradient, context)
        XCTAssertTrue((small.map + small.backward + small.embedding).allSatisfy(\.isFinite), "\(name) \(tiny)")
      }
    }
  }

  func testAnOverflowShows() throws {
    let huge: [Float] = [1e20, 0, 1e20]
    try onEveryTable { context, name in
      let found = try all(1, 3, huge, [1, 2, 3], [1, 1, 1], [1], context)
      XCTAssertTrue((found.map + found.backward).allSatisfy(\.isNaN), name)
      XCTAssertTrue(try all(1, 3, [1, 2, 3], huge, [1, 1, 1], [1], context).map.allSatisfy(\.isNaN), name)
    }
  }

  func testMeans() throws {
    let map: [Float] = (0..<30).map { Float($0 * $0) }
    try onEveryTable { context, name in
      let means = try [Float].filled(3, with: untouched) {
        try PerceptualDistance.means(batch: 3, pixels: 10, map: map, means: $0, context: context)
      }
      assertIdentical(means, [28.5, 218.5, 608.5], name)
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let (pixels, channels) = (1500, 96)
    var draws = Draws(5)
    let (a, b) = (draws.floats(pixels * channels), draws.floats(pixels * channels))
    let weights = draws.floats(channels, in: 0...2)
    let gradient = draws.floats(pixels)
    try assertSameBitsForAnyThreadCount {
      let actual = try all(pixels, channels, a, b, weights, gradient, $0)
      return actual.map + actual.backward + actual.embedding
    }
  }
}
