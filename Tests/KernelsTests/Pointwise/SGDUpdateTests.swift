import Kernels
import XCTest

final class SGDUpdateTests: XCTestCase {
  private let rules: [SGDUpdate.Rule] = [.paper, .pytorch, .caffe, .lars]

  private func update(
    _ rule: SGDUpdate.Rule, _ h: SGDHyperparameters, _ weights: inout [Float], _ velocity: inout [Float],
    _ gradient: [Float], _ context: ComputeContext
  ) throws {
    try SGDUpdate.apply(
      count: gradient.count, rule: rule, hyperparameters: h, weights: &weights, velocity: &velocity,
      gradient: gradient, context: context)
  }

  /// Powers of two and small integers: every operation is exact, so every order of operations agrees.
  func testExactOnIntegers() throws {
    let h = SGDHyperparameters(learningRate: 0.25, momentum: 0.5, weightDecay: 0.125)
    for rule in rules {
      for count in awkwardCounts {
        var draws = Draws(30)
        let start = (
          draws.integers(count, magnitude: 64), draws.integers(count, magnitude: 64),
          draws.integers(count, magnitude: 64)
        )
        var expected = (start.0.doubles, start.1.doubles)
        for _ in 0..<3 {
          Reference.sgdUpdate(
            count: count, rule: rule, learningRate: 0.25, momentum: 0.5, weightDecay: 0.125, weights: &expected.0,
            velocity: &expected.1, gradient: start.2.doubles)
        }
        try onEveryTable { context, name in
          var (weights, velocity) = (start.0 + [untouched], start.1 + [untouched])
          for _ in 0..<3 { try update(rule, h, &weights, &velocity, start.2, context) }
          assertIdentical(weights, expected.0.map { Float($0) } + [untouched], "\(name) \(rule) \(count)")
          assertIdentical(velocity, expected.1.map { Float($0) } + [untouched], "\(name) \(rule) \(count)")
        }
      }
    }
  }

  /// The same formula in the same precision and order: the same bits on every instruction set.
  func testEqualsFloatReference() throws {
    let h = SGDHyperparameters(learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005)
    for rule in rules {
      var draws = Draws(31)
      let (start, gradient) = (draws.floats(1003), draws.floats(1003))
      var expected = (start, gradient)
      Reference.sgdUpdate(
        count: 1003, rule: rule, learningRate: 0.01, momentum: 0.9, weightDecay: 0.0005, weights: &expected.0,
        velocity: &expected.1, gradient: gradient)
      try onEveryTable { context, name in
        var (weights, velocity) = (start, gradient)
        try update(rule, h, &weights, &velocity, gradient, context)
        assertIdentical(weights, expected.0, "\(name) \(rule)")
        assertIdentical(velocity, expected.1, "\(name) \(rule)")
      }
    }
  }

  /// The rules give the same weights while the rate is constant and velocity starts at zero, Caffe's with the sign of
  /// the paper's velocity flipped; once the rate falls, PyTorch's step is the old velocity times the new rate.
  func testRulesPartWhenTheRateChanges() throws {
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    var h = SGDHyperparameters(learningRate: 0.5, momentum: 0.5, weightDecay: 0)
    var states = rules.dropLast().map { (rule: $0, weights: [Float(1)], velocity: [Float(0)]) }
    func step() throws {
      for i in states.indices {
        var state = states[i]
        try update(state.rule, h, &state.weights, &state.velocity, [1], context)
        states[i] = state
      }
    }
    try step()
    try step()
    XCTAssertEqual(states.map(\.weights), [[-0.25], [-0.25], [-0.25]])
    XCTAssertEqual(states.map(\.velocity), [[-0.75], [1.5], [0.75]])
    h.learningRate = 0.25
    try step()
    XCTAssertEqual(states.map(\.weights), [[-0.875], [-0.6875], [-0.875]])
    XCTAssertEqual(states.map(\.velocity), [[-0.625], [1.75], [0.625]])
  }

  /// Weights, velocities and gradients with the signs for which they grow fastest.
  func testBoundsHold() throws {
    let settings: [SGDHyperparameters] = [
      .init(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4), .init(learningRate: 3, momentum: 0, weightDecay: 7),
      .init(learningRate: 1e20, momentum: 0.99, weightDecay: 1e-3),
    ]
    for rule in rules {
      for h in settings {
        try onEveryTable { context, name in
          var draws = Draws(32)
          var (weights, velocity) = (draws.floats(500), draws.floats(500))
          func largest(_ values: [Float]) -> Double { Double(values.map(abs).max() ?? 0) }
          var bounds: SGDBounds? = SGDBounds(weights: largest(weights), velocity: largest(velocity))
          var steps = 0
          while let known = bounds, steps < 100 {
            let gradient = draws.floats(500, in: -10...10)
            bounds = SGDUpdate.bounds(
              after: known, gradient: Float(largest(gradient)), rule: rule, hyperparameters: h)
            guard let bounds else { break }
            try update(rule, h, &weights, &velocity, gradient, context)
            XCTAssertLessThanOrEqual(largest(weights), bounds.weights, "\(name) \(rule) \(h)")
            XCTAssertLessThanOrEqual(largest(velocity), bounds.velocity, "\(name) \(rule) \(h)")
            steps += 1
          }
          XCTAssertGreaterThan(steps, 1, "\(name) \(rule) \(h)")
        }
      }
    }
  }

  func testWhatWouldLeaveFloat32IsFoundAndNotWritten() throws {
    let h = SGDHyperparameters(learningRate: 1e30, momentum: 0.9, weightDecay: 0)
    for rule in rules {
      for count in [1, 5, 33, 40_000] {
        try onEveryTable { context, name in
          var draws = Draws(33)
          let (weights, velocity) = (draws.floats(count), draws.floats(count))
          var gradient = draws.floats(count)
          func first() throws -> Int? {
            try SGDUpdate.firstNonFinite(
              count: count, rule: rule, hyperparameters: h, weights: weights, velocity: velocity, gradient: gradient,
              context: context)
          }
          XCTAssertNil(try first(), "\(name) \(rule) \(count)")
          gradient[count - 1] = 1e30
          gradient[count / 2] = -1e20
          XCTAssertEqual(try first(), count / 2, "\(name) \(rule) \(count)")
          XCTAssertNil(
            SGDUpdate.bounds(
              after: SGDBounds(weights: 1, velocity: 1), gradient: 1e30, rule: rule, hyperparameters: h))
          for bad in [Double.nan, .infinity] {
            for before in [SGDBounds(weights: bad, velocity: 0), SGDBounds(weights: 0, velocity: bad)] {
              XCTAssertNil(SGDUpdate.bounds(after: before, gradient: 1, rule: rule, hyperparameters: h))
            }
          }
        }
      }
    }
  }
}
