import Kernels
import Networks
import Tensors
import XCTest

@testable import Training

/// What an update remembers of a parameter, and forgets.
final class ParameterUpdateTests: XCTestCase {
  private let settings = SGDHyperparameters(learningRate: 0.1, momentum: 0.5, weightDecay: 0)

  private func update(_ parameter: Parameter, gradient: Float = 0.25) throws {
    try parameter.makeGradient().buffer.update(repeating: gradient)
    let context = try ComputeContext()
    try ParameterUpdate(parameter, rule: .paper, settings, step: 3, context: context).commit(context: context)
  }

  private func assertRefused(_ expected: String, line: UInt = #line, _ body: () throws -> Void) {
    XCTAssertThrowsError(try body(), line: line) { error in
      guard case EngineError.nonFinite(let text) = error else { return XCTFail("\(error)", line: line) }
      XCTAssertTrue(text.contains(expected), text, line: line)
    }
  }

  func testBoundsHoldAndGrow() throws {
    let parameter = try SmallTask.network().parameters[0]
    XCTAssertNil(parameter.knownBounds)
    var last = 0.0
    for _ in 0..<5 {
      try update(parameter)
      let bounds = try XCTUnwrap(parameter.knownBounds)
      XCTAssertGreaterThanOrEqual(bounds.weights, Double(parameter.value.buffer.map(abs).max() ?? 0))
      XCTAssertGreaterThan(bounds.weights, last)
      last = bounds.weights
    }
  }

  func testWhatOthersWriteIsLookedAt() throws {
    let parameter = try SmallTask.network().parameters[0]
    try update(parameter)
    parameter.withMutableValues { $0[5] = 1e30 }
    XCTAssertNil(parameter.knownBounds)
    try update(parameter)
    XCTAssertGreaterThan(try XCTUnwrap(parameter.knownBounds).weights, 9e29)

    let velocity = try parameter.borrowVelocity()
    XCTAssertNil(parameter.knownBounds, "the borrower may write at any time")
    velocity[6] = 1e32
    try update(parameter)
    XCTAssertNil(parameter.knownBounds)
    parameter.giveBackVelocity()
    try update(parameter)
    XCTAssertGreaterThan(try XCTUnwrap(parameter.knownBounds).velocity, 2e31)

    let values = parameter.borrowValues()
    values[7] = .infinity
    assertRefused("a weight of conv1.weight, inf with velocity") { try update(parameter) }
    parameter.giveBackValues()
    assertRefused("a weight of conv1.weight, inf with velocity") { try update(parameter) }
  }

  func testWhoeverTakesTheVelocityMayWriteItForGood() throws {
    let parameter = try SmallTask.network().parameters[1]
    try update(parameter)
    let velocity = try parameter.makeVelocity().pointer
    try update(parameter)
    velocity[0] = .nan
    let before = Array(parameter.value.buffer)
    assertRefused("a weight of conv1.bias") { try update(parameter) }
    XCTAssertEqual(Array(parameter.value.buffer), before)
  }

  /// Bounds reach float32's limit before the numbers do.
  func testBoundsThatHaveGrownTooFarAreMeasuredAnew() throws {
    let parameter = try SmallTask.network().parameters[0]
    try update(parameter)
    parameter.knownBounds = SGDBounds(weights: 2e38, velocity: 1)
    try update(parameter)
    XCTAssertLessThan(try XCTUnwrap(parameter.knownBounds).weights, 10)
    // So close to the limit that bounds are useless, the numbers themselves decide.
    parameter.withMutableValues { $0[0] = 3e38 }
    try update(parameter)
    XCTAssertNil(parameter.knownBounds)
    parameter.withMutableValues { $0[0] = -3.4e38 }
    let velocity = try parameter.borrowVelocity()
    velocity[0] = -1e37
    parameter.giveBackVelocity()
    assertRefused("a weight of conv1.weight, -3.4e+38 with velocity -1e+37 and gradient 0.25") { try update(parameter) }
  }

  func testGradientsThatAreNotFiniteAreRefused() throws {
    let parameter = try SmallTask.network().parameters[0]
    for (bad, name) in [(Float.nan, "nan"), (-.nan, "nan"), (.infinity, "inf"), (-.infinity, "inf")] {
      assertRefused("the gradient of conv1.weight holds \(name) in step 3") { try update(parameter, gradient: bad) }
    }
  }
}
