import Kernels
import Tensors
import XCTest

final class LocalResponseNormalizationTests: XCTestCase {
  private struct Case {
    var rows = 11
    var channels: Int
    var groups = 1
    var size = 5
    var alpha: Float = 0.3
    var beta: Float = 0.75
    var k: Float = 2
    var alphaOverN = false

    func parameters() throws -> ResponseNormalization {
      try ResponseNormalization(size: size, alpha: alpha, beta: beta, k: k, alphaOverN: alphaOverN)
    }
  }

  private static let cases: [Case] = [
    Case(rows: 40, channels: 96), Case(rows: 40, channels: 96, groups: 2), Case(channels: 256, groups: 2),
    Case(channels: 1), Case(channels: 2), Case(channels: 7, size: 3), Case(channels: 17), Case(channels: 33, size: 9),
    Case(channels: 30, groups: 3, size: 4), Case(channels: 64, size: 1), Case(channels: 5, size: 40),
    Case(channels: 40, size: 200, alphaOverN: true), Case(channels: 96, alpha: 1e-4, alphaOverN: true),
    Case(channels: 48, beta: 0.5), Case(channels: 19, beta: 1, k: 1), Case(channels: 21, beta: 0.3, k: 1e-3),
    Case(channels: 16, beta: 2.5, k: 1e-6), Case(channels: 32, alpha: 0, beta: 0.75), Case(channels: 18, beta: 0),
  ]

  func testForwardAndBackwardStayWithinThePromise() throws {
    for test in Self.cases {
      let parameters = try test.parameters()
      let count = test.rows * test.channels
      var draws = Draws(5)
      let input = draws.floats(count, in: -30...30)
      let gradient = draws.floats(count, in: -2...2)

      var scale = [Double](repeating: 0, count: count)
      let expected = [Double].filled(count, with: 0) {
        Reference.responseNormalizationForward(
          rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters,
          input: input.doubles, output: $0, scale: &scale)
      }
      let expectedGradient = [Double].filled(count, with: 0) {
        Reference.responseNormalizationBackward(
          rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters,
          input: input.doubles, scale: scale, outputGradient: gradient.doubles, inputGradient: $0)
      }
      // The magnitudes of the gradient's two terms before they are subtracted.
      let magnitude = [Double].filled(count, with: 0) {
        Reference.responseNormalizationBackward(
          rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters,
          input: input.doubles.map(abs), scale: scale, outputGradient: gradient.doubles.map(abs), inputGradient: $0)
      }.enumerated().map { i, value in
        let direct = 2 * abs(Double(gradient[i])) * scale[i].power(-Double(test.beta))
        return direct - value
      }
      let relative = 3 * Double(max(test.size, 2)) * epsilon

      try onEveryTable { context, name in
        let label = "\(name) \(test)"
        var fastScale = [Float](repeating: untouched, count: count)
        let output = try [Float].filled(count, with: untouched) {
          try LocalResponseNormalization.forward(
            rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters, input: input,
            output: $0, scale: &fastScale, context: context)
        }
        assertWithin(output, expected, label) { relative * abs(expected[$0]) }
        assertWithin(fastScale, scale, label) { relative * scale[$0] }
        let inference = try [Float].filled(count, with: untouched) {
          try LocalResponseNormalization.forward(
            rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters, input: input,
            output: $0, scale: nil, context: context)
        }
        assertIdentical(inference, output, label)
        let inputGradient = try [Float].filled(count, with: untouched) {
          try LocalResponseNormalization.backward(
            rows: test.rows, channels: test.channels, groups: test.groups, parameters: parameters, input: input,
            scale: fastScale, outputGradient: gradient, inputGradient: $0, context: context)
        }
        assertWithin(inputGradient, expectedGradient, label) { 2 * relative * magnitude[$0] }
      }
    }
  }

  /// With alpha 0 a channel of ones becomes k^−0.75: over all normal k, mantissas included.
  func testThePowerOfThreeQuartersAtEveryScale() throws {
    let ones = [Float](repeating: 1, count: 16)
    for step in stride(from: 0x0080_0000, through: 0x7F7F_FFFF, by: 0x0011_2345) {
      let k = Float(bitPattern: UInt32(step))
      let parameters = try ResponseNormalization(size: 5, alpha: 0, beta: 0.75, k: k, alphaOverN: true)
      let expected = Double(k).power(-0.75)
      try onEveryTable { context, name in
        let output = try [Float].filled(ones.count, with: .nan) {
          try LocalResponseNormalization.forward(
            rows: 1, channels: ones.count, groups: 1, parameters: parameters, input: ones, output: $0, scale: nil,
            context: context)
        }
        XCTAssert(
          output.allSatisfy { abs(Double($0) - expected) <= 1.1 * epsilon * expected }, "\(name): \(k), \(output[0])")
      }
    }
  }

  func testInPlace() throws {
    let parameters = try Case(channels: 37).parameters()
    var draws = Draws(6)
    let input = draws.floats(37 * 9)
    let gradient = draws.floats(37 * 9)
    try onEveryTable { context, name in
      var scale = [Float](repeating: 0, count: input.count)
      let apart = try [Float].filled(input.count, with: 0) {
        try LocalResponseNormalization.forward(
          rows: 9, channels: 37, groups: 1, parameters: parameters, input: input, output: $0, scale: &scale,
          context: context)
      }
      var together = input
      try together.withUnsafeMutableBufferPointer {
        guard let base = $0.baseAddress else { return }
        try LocalResponseNormalization.forward(
          rows: 9, channels: 37, groups: 1, parameters: parameters, input: base, output: base, scale: nil,
          context: context)
      }
      assertIdentical(together, apart, name)
      let apartGradient = try [Float].filled(input.count, with: 0) {
        try LocalResponseNormalization.backward(
          rows: 9, channels: 37, groups: 1, parameters: parameters, input: input, scale: scale,
          outputGradient: gradient, inputGradient: $0, context: context)
      }
      var togetherGradient = gradient
      try togetherGradient.withUnsafeMutableBufferPointer {
        guard let base = $0.baseAddress else { return }
        try LocalResponseNormalization.backward(
          rows: 9, channels: 37, groups: 1, parameters: parameters, input: input, scale: scale,
          outputGradient: base, inputGradient: base, context: context)
      }
      assertIdentical(togetherGradient, apartGradient, name)
    }
  }

  /// The first channel of one group and the last of the other are neighbours in memory but unrelated.
  func testWindowsStayInTheirGroup() throws {
    let parameters = try ResponseNormalization(size: 5, alpha: 1, beta: 1, k: 1, alphaOverN: false)
    try onEveryTable { context, name in
      let output = try [Float].filled(8, with: 0) {
        try LocalResponseNormalization.forward(
          rows: 1, channels: 8, groups: 2, parameters: parameters, input: [0, 0, 0, 100, 1, 0, 0, 0], output: $0,
          scale: nil, context: context)
      }
      XCTAssertEqual(output[4], 0.5, accuracy: 1e-6, name)
    }
  }

  func testNonFiniteInputsStayInTheirWindow() throws {
    for beta: Float in [0.75, 0.6] {
      let parameters = try ResponseNormalization(size: 5, alpha: 1e-4, beta: beta, k: 2, alphaOverN: true)
      for bad: Float in [.nan, .infinity, 3e30] {
        var input = [Float](repeating: 1, count: 3 * 24)
        input[24 + 10] = bad
        try onEveryTable { context, name in
          let output = try [Float].filled(input.count, with: 0) {
            try LocalResponseNormalization.forward(
              rows: 3, channels: 24, groups: 1, parameters: parameters, input: input, output: $0, scale: nil,
              context: context)
          }
          for (i, value) in output.enumerated() where abs(i - 34) > 2 {
            XCTAssertTrue(value > 0.5 && value < 1, "\(name) \(bad) at \(i): \(value)")
          }
          XCTAssertEqual(output[33].isNaN, bad.isNaN, "\(name) \(bad)")
          XCTAssertEqual(output[34].isNaN, !(bad == 3e30), "\(name) \(bad): \(output[34])")
        }
      }
    }
  }

  func testRefusals() throws {
    func make(
      size: Int = 5, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 2
    ) throws -> ResponseNormalization {
      try ResponseNormalization(size: size, alpha: alpha, beta: beta, k: k, alphaOverN: true)
    }
    XCTAssertThrowsError(try make(size: 0))
    for bad: Float in [.nan, .infinity, -1] {
      XCTAssertThrowsError(try make(alpha: bad))
      XCTAssertThrowsError(try make(beta: bad))
      XCTAssertThrowsError(try make(k: bad))
    }
    XCTAssertThrowsError(try make(k: 0))
    XCTAssertThrowsError(try make(beta: 17))
    let parameters = try make()
    XCTAssertEqual(parameters.effectiveAlpha, 1e-4 / 5)
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    let target = UnsafeMutablePointer<Float>.allocate(capacity: 8)
    defer { target.deallocate() }
    for groups in [0, 3, -2, 16] {
      XCTAssertThrowsError(
        try LocalResponseNormalization.forward(
          rows: 1, channels: 8, groups: groups, parameters: parameters, input: [Float](repeating: 0, count: 8),
          output: target, scale: nil, context: context))
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let parameters = try Case(channels: 96).parameters()
    var draws = Draws(7)
    let (rows, count) = (1500, 1500 * 96)
    let input = draws.floats(count)
    let gradient = draws.floats(count)
    try assertSameBitsForAnyThreadCount { context in
      var scale = [Float](repeating: 0, count: count)
      let output = try [Float].filled(count, with: 0) {
        try LocalResponseNormalization.forward(
          rows: rows, channels: 96, groups: 2, parameters: parameters, input: input, output: $0, scale: &scale,
          context: context)
      }
      return try output
        + [Float].filled(count, with: 0) {
          try LocalResponseNormalization.backward(
            rows: rows, channels: 96, groups: 2, parameters: parameters, input: input, scale: scale,
            outputGradient: gradient, inputGradient: $0, context: context)
        }
    }
  }
}

extension Double {
  fileprivate func power(_ exponent: Double) -> Double { Double.power(self, exponent) }
}
