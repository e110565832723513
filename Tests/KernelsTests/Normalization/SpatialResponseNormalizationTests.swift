import Kernels
import Tensors
import XCTest

final class SpatialResponseNormalizationTests: XCTestCase {
  private struct Case {
    var batch = 2
    var height = 7
    var width = 6
    var channels = 17
    var size = 5
    var alpha: Float = 0.3
    var beta: Float = 0.75
    var k: Float = 2
    var alphaOverN = false

    var count: Int { batch * height * width * channels }
    var parameters: ResponseNormalization {
      get throws { try ResponseNormalization(size: size, alpha: alpha, beta: beta, k: k, alphaOverN: alphaOverN) }
    }

    func forward(
      _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, scale: UnsafeMutablePointer<Float>?,
      _ context: ComputeContext
    ) throws {
      try SpatialResponseNormalization.forward(
        batch: batch, height: height, width: width, channels: channels, parameters: parameters, input: input,
        output: output, scale: scale, context: context)
    }

    func backward(
      _ input: UnsafePointer<Float>, scale: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>,
      _ inputGradient: UnsafeMutablePointer<Float>, _ context: ComputeContext
    ) throws {
      try SpatialResponseNormalization.backward(
        batch: batch, height: height, width: width, channels: channels, parameters: parameters, input: input,
        scale: scale, outputGradient: gradient, inputGradient: inputGradient, context: context)
    }

    func reference(_ input: [Double]) throws -> (output: [Double], scale: [Double]) {
      let parameters = try parameters
      var scale = [Double](repeating: 0, count: count)
      let output = [Double].filled(count, with: 0) {
        Reference.spatialNormalizationForward(
          batch: batch, height: height, width: width, channels: channels, parameters: parameters, input: input,
          output: $0, scale: &scale)
      }
      return (output, scale)
    }

    func referenceBackward(_ input: [Double], scale: [Double], _ gradient: [Double]) throws -> [Double] {
      let parameters = try parameters
      return [Double].filled(count, with: 0) {
        Reference.spatialNormalizationBackward(
          batch: batch, height: height, width: width, channels: channels, parameters: parameters, input: input,
          scale: scale, outputGradient: gradient, inputGradient: $0)
      }
    }
  }

  private static let cases: [Case] = [
    Case(), Case(size: 3), Case(size: 4), Case(size: 2), Case(size: 1), Case(size: 6, beta: 0.5), Case(size: 7),
    Case(size: 13, alphaOverN: true), Case(size: 100, alphaOverN: true), Case(channels: 1, size: 4),
    Case(channels: 64, alpha: 0.001, k: 1, alphaOverN: true), Case(height: 1, width: 9, channels: 3),
    Case(height: 9, width: 1, channels: 3, size: 4), Case(height: 1, width: 1, channels: 5),
    Case(channels: 16, size: 3),
    Case(channels: 33, size: 3, beta: 1, k: 1), Case(channels: 8, size: 3, beta: 2.5, k: 1e-6),
    Case(channels: 15, beta: 0.3, k: 1e-3), Case(alpha: 0), Case(beta: 0), Case(height: 30, width: 31, channels: 2),
  ]

  /// Sums of squares are exact for small integers, whatever the power; with scales that are powers of two, so is the
  /// whole backward pass.
  func testExactOnIntegers() throws {
    for var test in Self.cases {
      (test.alpha, test.k, test.alphaOverN) = (0.5, 1, false)
      for (beta, scales) in [(1, [1, 2, 4]), (0.75, [1, 16])] as [(Float, [Float])] {
        test.beta = beta
        var draws = Draws(40)
        let input = draws.integers(test.count, magnitude: 4)
        let gradient = draws.integers(test.count, magnitude: 4)
        let scale = (0..<test.count).map { _ in scales[draws.index(below: scales.count)] }
        let expectedScale = try test.reference(input.doubles).scale
        let expected = try test.referenceBackward(input.doubles, scale: scale.doubles, gradient.doubles)
        try onEveryTable { context, name in
          var fastScale = [Float](repeating: untouched, count: test.count + 1)
          _ = try [Float].filled(test.count, with: untouched) {
            try test.forward(input, $0, scale: &fastScale, context)
          }
          assertIdentical(fastScale, expectedScale.map { Float($0) } + [untouched], "\(name) \(test)")
          let inputGradient = try [Float].filled(test.count + 1, with: untouched) {
            try test.backward(input, scale: scale, gradient, $0, context)
          }
          assertIdentical(inputGradient, expected.map { Float($0) } + [untouched], "\(name) \(test)")
        }
      }
    }
  }

  func testForwardAndBackwardStayWithinThePromise() throws {
    for test in Self.cases {
      var draws = Draws(41)
      let input = draws.floats(test.count, in: -30...30)
      let gradient = draws.floats(test.count, in: -2...2)
      let (expected, scale) = try test.reference(input.doubles)
      let expectedGradient = try test.referenceBackward(input.doubles, scale: scale, gradient.doubles)
      // The magnitudes of the gradient's two terms before they are subtracted.
      let difference = try test.referenceBackward(
        input.doubles.map(abs), scale: scale, gradient.doubles.map(abs))
      let magnitude = difference.indices.map {
        2 * abs(Double(gradient[$0])) * Double.power(scale[$0], -Double(test.beta)) - difference[$0]
      }
      let relative = 3 * Double(max(test.size * test.size, 2)) * epsilon

      try onEveryTable { context, name in
        let label = "\(name) \(test)"
        var fastScale = [Float](repeating: untouched, count: test.count)
        let output = try [Float].filled(test.count, with: untouched) {
          try test.forward(input, $0, scale: &fastScale, context)
        }
        assertWithin(output, expected, label) { relative * abs(expected[$0]) }
        assertWithin(fastScale, scale, label) { relative * scale[$0] }
        let inference = try [Float].filled(test.count, with: untouched) {
          try test.forward(input, $0, scale: nil, context)
        }
        assertIdentical(inference, output, label)
        let inputGradient = try [Float].filled(test.count, with: untouched) {
          try test.backward(input, scale: fastScale, gradient, $0, context)
        }
        assertWithin(inputGradient, expectedGradient, label) { 2 * relative * magnitude[$0] }
        var inPlace = gradient
        try inPlace.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          try test.backward(input, scale: fastScale, base, base, context)
        }
        assertIdentical(inPlace, inputGradient, label)
      }
    }
  }

  /// α is divided by the number of elements of a whole window, even at the borders.
  func testCornerOfOnes() throws {
    let test = Case(batch: 1, height: 4, width: 4, channels: 1, size: 3, alpha: 9, beta: 1, k: 1, alphaOverN: true)
    try onEveryTable { context, name in
      let output = try [Float].filled(16, with: untouched) {
        try test.forward([Float](repeating: 1, count: 16), $0, scale: nil, context)
      }
      XCTAssertEqual(output[0], 1 / 5, accuracy: 1e-6, name)
      XCTAssertEqual(output[1], 1 / 7, accuracy: 1e-6, name)
      XCTAssertEqual(output[5], 1 / 10, accuracy: 1e-6, name)
    }
  }

  func testNonFiniteInputsStayInTheirWindow() throws {
    for beta: Float in [0.75, 0.6] {
      let test = Case(batch: 2, height: 6, width: 6, channels: 3, size: 3, alpha: 1e-4, beta: beta, alphaOverN: true)
      for bad: Float in [.nan, .infinity] {
        var input = [Float](repeating: 1, count: test.count)
        let (row, column, channel) = (2, 5, 1)
        input[(row * 6 + column) * 3 + channel] = bad
        try onEveryTable { context, name in
          let output = try [Float].filled(test.count, with: untouched) {
            try test.forward(input, $0, scale: nil, context)
          }
          for (i, value) in output.enumerated() {
            let pixel = i / 3
            let isNear =
              i % 3 == channel && abs(pixel / 6 - row) <= 1 && abs(pixel % 6 - column) <= 1 && pixel < 36
            XCTAssertEqual(value > 0.5 && value < 1, !isNear, "\(name) \(bad) at \(i): \(value)")
          }
        }
      }
    }
  }

  /// A batch whose ratios do not fit at once is split; each image's gradient is the same as alone.
  func testImagesOfALargeBatchAreIndependent() throws {
    let batch = Case(batch: 5, height: 20, width: 20, channels: 500, size: 5)
    let single = Case(batch: 1, height: 20, width: 20, channels: 500, size: 5)
    var draws = Draws(42)
    let (input, gradient) = (draws.floats(batch.count), draws.floats(batch.count))
    try onEveryTable { context, name in
      func both(_ test: Case, _ input: [Float], _ gradient: [Float]) throws -> [Float] {
        var scale = [Float](repeating: untouched, count: test.count)
        let output = try [Float].filled(test.count, with: untouched) {
          try test.forward(input, $0, scale: &scale, context)
        }
        return try output
          + [Float].filled(test.count, with: untouched) {
            try test.backward(input, scale: scale, gradient, $0, context)
          }
      }
      let whole = try both(batch, input, gradient)
      for image in 0..<batch.batch {
        let range = image * single.count..<(image + 1) * single.count
        let alone = try both(single, Array(input[range]), Array(gradient[range]))
        assertIdentical(Array(whole[range]), Array(alone.prefix(single.count)), "\(name) \(image)")
        let gradients = Array(whole.dropFirst(batch.count)[(range.lowerBound + batch.count)...].prefix(single.count))
        assertIdentical(gradients, Array(alone.suffix(single.count)), "\(name) \(image)")
      }
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let test = Case(batch: 3, height: 25, width: 24, channels: 64)
    var draws = Draws(43)
    let (input, gradient) = (draws.floats(test.count), draws.floats(test.count))
    try assertSameBitsForAnyThreadCount { context in
      var scale = [Float](repeating: 0, count: test.count)
      let output = try [Float].filled(test.count, with: 0) { try test.forward(input, $0, scale: &scale, context) }
      return try output
        + [Float].filled(test.count, with: 0) { try test.backward(input, scale: scale, gradient, $0, context) }
    }
  }

  func testAlphaAndItsRefusals() throws {
    XCTAssertEqual(try Case(size: 5, alpha: 0.001, alphaOverN: true).parameters.spatialAlpha, 0.001 / 25)
    XCTAssertEqual(try Case(size: 5, alpha: 0.001).parameters.spatialAlpha, 0.001)
    XCTAssertEqual(try Case(size: .max, alpha: 1, alphaOverN: true).parameters.spatialAlpha, 0x1p-126)
    XCTAssertThrowsError(
      try ResponseNormalization(
        size: 0, alpha: 1, beta: 1, k: 1, alphaOverN: true, operation: "spatial_response_norm")
    ) { XCTAssertTrue("\($0)".contains("spatial_response_norm: got size 0"), "\($0)") }
  }
}
