import Kernels
import Tensors
import TestSupport
import XCTest

/// Normalised bfloat16 values equal those of float32 on widened numbers, rounded once, to the bit.
final class LocalResponseNormalizationBFloat16Tests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testResponseNormalization() throws {
    for (rows, channels, groups, size) in [
      (40, 96, 1, 5), (40, 96, 2, 5), (700, 96, 1, 5), (11, 256, 2, 5), (11, 1, 1, 5), (11, 17, 1, 3), (3, 5000, 2, 4),
    ] {
      let parameters = try ResponseNormalization(size: size, alpha: 0.3, beta: 0.75, k: 2, alphaOverN: false)
      let count = rows * channels
      var draws = Draws(4)
      let input = draws.floats(count, in: -30...30).map(BFloat16.init)
      let gradient = draws.floats(count, in: -2...2).map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        let label = "\(variant.name) \(rows)×\(channels)"
        var (scale, expectedScale) = ([Float](repeating: untouched, count: count), [Float](repeating: 0, count: count))
        let expected = try [Float].filled(count, with: 0) {
          try LocalResponseNormalization.forward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input.map(\.float),
            output: $0, scale: &expectedScale, context: variant.context)
        }
        let output = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try LocalResponseNormalization.forward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input, output: $0,
            scale: &scale, context: variant.context)
        }
        XCTAssertEqual(output, expected.map(BFloat16.init), label)
        assertIdentical(scale, expectedScale, label)
        let expectedGradient = try [Float].filled(count, with: 0) {
          try LocalResponseNormalization.backward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input.map(\.float),
            scale: scale, outputGradient: gradient.map(\.float), inputGradient: $0, context: variant.context)
        }
        let inputGradient = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try LocalResponseNormalization.backward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input, scale: scale,
            outputGradient: gradient, inputGradient: $0, context: variant.context)
        }
        XCTAssertEqual(inputGradient, expectedGradient.map(BFloat16.init), label)
      }
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let (rows, channels) = (3 * 27 * 27, 20)
    let parameters = try ResponseNormalization(size: 5, alpha: 0.3, beta: 0.75, k: 2, alphaOverN: false)
    var draws = Draws(5)
    let input = draws.floats(rows * channels).map(BFloat16.init)
    try assertSameBitsForAnyThreadCount { context in
      guard context.kernels.bfloat16 != nil else { return [] }
      return try [BFloat16].filled(input.count, with: BFloat16(0)) {
        try LocalResponseNormalization.forward(
          rows: rows, channels: channels, groups: 1, parameters: parameters, input: input, output: $0, scale: nil,
          context: context)
      }.map(\.float)
    }
  }
}
