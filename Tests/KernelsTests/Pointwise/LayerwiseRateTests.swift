import Kernels
import XCTest

final class LayerwiseRateTests: XCTestCase {
  private func factor(
    _ weights: [Float], _ gradient: [Float], trust: Float = 0.001, weightDecay: Float = 0.0005,
    _ context: ComputeContext
  ) throws -> Double {
    try LayerwiseRate.factor(
      count: weights.count, trust: trust, weightDecay: weightDecay, weights: weights, gradient: gradient,
      context: context)
  }

  private func localized(
    _ weights: [Float], _ gradient: [Float], rate: Float = 0.5, trust: Float = 0.25, weightDecay: Float = 0,
    rule: SGDUpdate.Rule = .lars, _ context: ComputeContext
  ) throws -> SGDHyperparameters? {
    try SGDUpdate.localized(
      rule: rule,
      hyperparameters: SGDHyperparameters(learningRate: rate, momentum: 0, weightDecay: weightDecay, trust: trust),
      count: weights.count, weights: weights, gradient: gradient, context: context)
  }

  /// Squares of integers and their sums are exact, so every order of additions agrees to the bit.
  func testExactOnIntegers() throws {
    for count in awkwardCounts {
      var draws = Draws(40)
      let (weights, gradient) = (draws.integers(count, magnitude: 64), draws.integers(count, magnitude: 64))
      let expected = Reference.layerwiseRate(
        count: count, trust: Double(Float(0.001)), weightDecay: Double(Float(0.0005)), weights.doubles,
        gradient.doubles)
      try onEveryTable { context, name in
        XCTAssertEqual(try factor(weights, gradient, context), expected, "\(name) \(count)")
      }
    }
  }

  func testAgreesWithTheReferenceAndIsTheSameOnEveryTable() throws {
    for count in [1, 7, 1003, 70_001] {
      var draws = Draws(41)
      let (weights, gradient) = (draws.floats(count), draws.floats(count, in: -1e-3...1e-3))
      let expected = Reference.layerwiseRate(
        count: count, trust: 0.25, weightDecay: 0.5, weights.doubles, gradient.doubles)
      var seen: Set<Double> = []
      try onEveryTable { context, name in
        let found = try factor(weights, gradient, trust: 0.25, weightDecay: 0.5, context)
        XCTAssertEqual(found, expected, accuracy: 1e-13 * expected, "\(name) \(count)")
        seen.insert(found)
      }
      XCTAssertEqual(seen.count, 1, "\(count)")
    }
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    var draws = Draws(42)
    let (weights, gradient) = (draws.floats(200_003), draws.floats(200_003))
    try assertSameBitsForAnyThreadCount { context in
      let bits = try factor(weights, gradient, context).bitPattern
      return [Float(bitPattern: UInt32(truncatingIfNeeded: bits)), Float(bitPattern: UInt32(bits >> 32))]
    }
  }

  func testANormOfZeroGivesOne() throws {
    try onEveryTable { context, _ in
      XCTAssertEqual(try factor([0, 0], [1, 2], context), 1)
      XCTAssertEqual(try factor([1, 2], [0, -0], context), 1)
      XCTAssertEqual(try factor([0], [0], context), 1)
    }
  }

  /// Squares that float32 could not hold.
  func testLargeAndSmallNumbers() throws {
    try onEveryTable { context, name in
      XCTAssertEqual(try factor([3e38, 0], [0, 3e38], trust: 0.5, weightDecay: 0, context), 0.5, name)
      XCTAssertEqual(try factor([1e-45], [1e-45], trust: 0.5, weightDecay: 0, context), 0.5, name)
    }
  }

  func testRatesBecomeTheParametersOwn() throws {
    try onEveryTable { context, name in
      // ‖w‖ = 5, ‖g‖ = 10: 0.5 · 0.25 · 5 / 10.
      XCTAssertEqual(try localized([3, 4], [-6, 8], context)?.learningRate, 0.0625, name)
      for rule in [SGDUpdate.Rule.paper, .pytorch, .caffe] {
        XCTAssertEqual(try localized([3, 4], [-6, 8], rule: rule, context)?.learningRate, 0.5, name)
      }
      XCTAssertEqual(try localized([3, 4], [-6, 8], trust: 0, context)?.learningRate, 0.5, name)
    }
  }

  func testRatesThatLeaveFloat32AreRefused() throws {
    try onEveryTable { context, name in
      XCTAssertNil(try localized([1e20], [1e-20], context), name)
      for bad in [Float.nan, .infinity, -.infinity] {
        XCTAssertNil(try localized([1, bad], [1, 1], context), name)
        XCTAssertNil(try localized([1, 1], [bad, .nan], context), name)
      }
    }
  }

  /// Several updates as algorithm 1 of the paper has them, against the same in float64.
  func testUpdatesFollowTheReference() throws {
    let h = SGDHyperparameters(learningRate: 5, momentum: 0.9, weightDecay: 0.0005, trust: 0.001)
    var draws = Draws(43)
    let (start, gradients) = (draws.floats(1003), (0..<5).map { _ in draws.floats(1003, in: -0.1...0.1) })
    var expected = (start.doubles, [Double](repeating: 0, count: 1003))
    for gradient in gradients {
      Reference.sgdUpdate(
        count: 1003, rule: .lars, learningRate: 5, momentum: 0.9, weightDecay: 0.0005, trust: 0.001,
        weights: &expected.0, velocity: &expected.1, gradient: gradient.doubles)
    }
    try onEveryTable { context, name in
      var (weights, velocity) = (start, [Float](repeating: 0, count: 1003))
      for gradient in gradients {
        let own = try XCTUnwrap(
          SGDUpdate.localized(
            rule: .lars, hyperparameters: h, count: 1003, weights: weights, gradient: gradient, context: context))
        try SGDUpdate.apply(
          count: 1003, rule: .lars, hyperparameters: own, weights: &weights, velocity: &velocity, gradient: gradient,
          context: context)
      }
      for index in 0..<1003 {
        XCTAssertEqual(Double(weights[index]), expected.0[index], accuracy: 1e-6, name)
        XCTAssertEqual(Double(velocity[index]), expected.1[index], accuracy: 1e-7, name)
      }
    }
  }
}
