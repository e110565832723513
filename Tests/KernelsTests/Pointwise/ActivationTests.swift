import Kernels
import XCTest

final class ActivationTests: XCTestCase {
  private let special: [Float] = [
    .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
  ]

  func testReluEqualsReference() throws {
    for count in awkwardCounts {
      var draws = Draws(10)
      let input = Array((special + draws.floats(count)).suffix(count))
      let gradient = draws.floats(count)
      let expected = [Float].filled(count, with: untouched) {
        Reference.reluForward(count: count, input: input, output: $0)
      }
      let expectedGradient = [Float].filled(count, with: untouched) {
        Reference.reluBackward(count: count, output: expected, outputGradient: gradient, inputGradient: $0)
      }
      try onEveryTable { context, name in
        // One element more than the count reveals a write past the end.
        let output = try [Float].filled(count + 1, with: untouched) {
          try Activation.reluForward(count: count, input: input, output: $0, context: context)
        }
        assertIdentical(output, expected + [untouched], "\(name) \(count)")
        var inPlace = gradient
        try inPlace.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          try Activation.reluBackward(
            count: count, output: expected, outputGradient: base, inputGradient: base, context: context)
        }
        assertIdentical(inPlace, expectedGradient, "\(name) \(count)")
      }
    }
  }

  func testReluOfSpecialNumbers() throws {
    try onEveryTable { context, name in
      let output = try [Float].filled(special.count, with: untouched) {
        try Activation.reluForward(count: special.count, input: special, output: $0, context: context)
      }
      assertIdentical(
        output, [.nan, .infinity, 0, 0, 0, .leastNonzeroMagnitude, 0, .greatestFiniteMagnitude], name)
      let gradient = try [Float].filled(special.count, with: untouched) {
        try Activation.reluBackward(
          count: special.count, output: output, outputGradient: [Float](repeating: 3, count: special.count),
          inputGradient: $0, context: context)
      }
      assertIdentical(gradient, [3, 3, 0, 0, 0, 3, 0, 3], name)
    }
  }

  // MARK: tanh and the logistic function

  private typealias Forward =
    (Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>, ComputeContext) throws -> Void
  private typealias Backward =
    (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, ComputeContext) throws -> Void

  private let tanhForward: Forward = {
    try Activation.tanhForward(count: $0, input: $1, output: $2, context: $3)
  }
  private let sigmoidForward: Forward = {
    try Activation.sigmoidForward(count: $0, input: $1, output: $2, context: $3)
  }
  private let tanhBackward: Backward = {
    try Activation.tanhBackward(count: $0, output: $1, outputGradient: $2, inputGradient: $3, context: $4)
  }
  private let sigmoidBackward: Backward = {
    try Activation.sigmoidBackward(count: $0, output: $1, outputGradient: $2, inputGradient: $3, context: $4)
  }

  /// Numbers of every magnitude from the smallest to the largest, both signs, and their neighbours where the
  /// formulas change.
  private static let everyMagnitude: [Float] = {
    let magnitudes = stride(from: UInt32(0), to: Float.infinity.bitPattern, by: 19_997).map { Float(bitPattern: $0) }
    let places: [Float] = [0.17328679, 0.34657359, 1, 8.66, 9.01, 9.02, 20, 87.33655, 88.72284, 103.27893, 104]
    let around = places.flatMap { place in
      (0..<64).map { Float(bitPattern: place.bitPattern &- 32 &+ $0) }
    }
    return (magnitudes + around).flatMap { [$0, -$0] }
  }()

  private func outputs(_ forward: Forward, _ x: [Float], _ context: ComputeContext) throws -> [Float] {
    try [Float].filled(x.count, with: untouched) { try forward(x.count, x, $0, context) }
  }

  func testTanhOfEveryMagnitude() throws {
    let x = Self.everyMagnitude
    let expected = [Double].filled(x.count, with: 0) {
      Reference.tanhForward(count: x.count, input: x.doubles, output: $0)
    }
    try onEveryTable { context, name in
      let y = try outputs(tanhForward, x, context)
      assertWithin(y, expected, name) { 4 * epsilon * abs(expected[$0]) }
      for (x, y) in zip(x, y) {
        XCTAssertLessThanOrEqual(abs(y), 1, "\(name) \(x)")
        if abs(x) >= 9.02 { XCTAssertEqual(y, x > 0 ? 1 : -1, name) }
        XCTAssertEqual(y.sign, x.sign, "\(name) \(x)")
      }
    }
  }

  func testSigmoidOfEveryMagnitude() throws {
    let x = Self.everyMagnitude
    let expected = [Double].filled(x.count, with: 0) {
      Reference.sigmoidForward(count: x.count, input: x.doubles, output: $0)
    }
    try onEveryTable { context, name in
      let y = try outputs(sigmoidForward, x, context)
      assertWithin(y, expected, name) { i in
        let smallest = x[i] < -87 ? Double(Float.leastNonzeroMagnitude) : 0
        return 4 * epsilon * expected[i] + smallest
      }
      XCTAssertTrue(y.allSatisfy { $0 >= 0 && $0 <= 1 }, name)
    }
  }

  func testSquashingOfSpecialNumbers() throws {
    let x: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, -104.5]
    try onEveryTable { context, name in
      let y = try outputs(tanhForward, x, context)
      assertIdentical(y, [.nan, 1, -1, 0, 0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, -1], name)
      XCTAssertEqual(y[4].sign, .minus, name)
      assertIdentical(try outputs(sigmoidForward, x, context), [.nan, 1, 0, 0.5, 0.5, 0.5, 0.5, 0], name)
    }
  }

  /// The same bits for every count, offset and instruction set, in place or not, and nothing past the end.
  func testSquashingInEveryTail() throws {
    let full = try [tanhForward, sigmoidForward].map { forward in
      var draws = Draws(12)
      let x = draws.floats(70001, in: -12...12)
      return try outputs(forward, x, ComputeContext(kernels: KernelRegistry.available[0]))
    }
    for count in awkwardCounts {
      var draws = Draws(12)
      let x = Array(draws.floats(70001, in: -12...12).prefix(count))
      for (index, forward) in [tanhForward, sigmoidForward].enumerated() {
        try onEveryTable { context, name in
          var inPlace = x + [untouched]
          try inPlace.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            try forward(count, base, base, context)
          }
          assertIdentical(inPlace, full[index].prefix(count) + [untouched], "\(name) \(index) \(count)")
        }
      }
    }
  }

  func testSquashingBackwardStaysWithinThePromise() throws {
    for count in awkwardCounts {
      var draws = Draws(13)
      // Outputs close to ±1, 0 and everything between.
      let y = draws.floats(count).map { $0 > 0.5 ? 1 - ($0 - 0.5) * 1e-6 : $0 < -0.8 ? $0 * 1e-30 : $0 }
      let dy = draws.floats(count, in: -3...3)
      let expected = [
        [Double].filled(count, with: 0) {
          Reference.tanhBackward(count: count, output: y.doubles, outputGradient: dy.doubles, inputGradient: $0)
        },
        [Double].filled(count, with: 0) {
          Reference.sigmoidBackward(
            count: count, output: y.doubles.map(abs), outputGradient: dy.doubles, inputGradient: $0)
        },
      ]
      for (index, backward) in [tanhBackward, sigmoidBackward].enumerated() {
        let y = index == 0 ? y : y.map(abs)
        try onEveryTable { context, name in
          var inPlace = dy + [untouched]
          try inPlace.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            try backward(count, y, base, base, context)
          }
          assertWithin(inPlace, expected[index] + [Double(untouched)], "\(name) \(index) \(count)") {
            $0 < count ? 2 * epsilon * abs(expected[index][$0]) : 0
          }
          var overOutput = y
          try overOutput.withUnsafeMutableBufferPointer {
            guard let base = $0.baseAddress else { return }
            try backward(count, base, dy, base, context)
          }
          assertIdentical(overOutput, Array(inPlace.dropLast()), "\(name) \(index) \(count)")
        }
      }
    }
  }

  func testSquashingGradientOfNaN() throws {
    try onEveryTable { context, name in
      for backward in [tanhBackward, sigmoidBackward] {
        let dx = try [Float].filled(3, with: untouched) { try backward(3, [.nan, 1, 0.5], [1, 2, .nan], $0, context) }
        XCTAssertTrue(dx[0].isNaN && dx[2].isNaN, name)
        XCTAssertEqual(dx[1], 0, name)
      }
    }
  }

  // MARK: Sums

  func testScale() throws {
    for count in awkwardCounts {
      var draws = Draws(11)
      let input = draws.floats(count)
      try onEveryTable { context, name in
        let scaled = try [Float].filled(count + 1, with: untouched) {
          try Activation.scale(count: count, by: 0.3, input: input, output: $0, context: context)
        }
        assertIdentical(scaled, input.map { 0.3 * $0 } + [untouched], "\(name) \(count)")
      }
    }
  }
}
