import Kernels
import Networks
import Tensors
import XCTest

@testable import Training

final class PreparedUpdateTests: XCTestCase {
  private func options() throws -> StepOptions {
    try StepOptions(learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, seed: 1, step: 2)
  }

  private func fillGradients(_ network: Network) throws {
    for (index, parameter) in network.parameters.enumerated() {
      for place in 0..<parameter.count { try parameter.makeGradient().buffer[place] = Float((place + index) % 7) - 3 }
    }
  }

  func testTwoCallsAreOneStepsUpdate() throws {
    let (whole, parts) = try (SmallTask.network(), SmallTask.network())
    for step in 0..<3 {
      let options = try StepOptions(learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, seed: 1, step: UInt64(step))
      _ = try whole.trainStep(
        SmallTask.images, labels: SmallTask.labels, batch: SmallTask.batch, layout: .nhwc, options: options)
      for (parameter, theirs) in zip(parts.parameters, whole.parameters) {
        try parameter.makeGradient().pointer.update(from: theirs.makeGradient().pointer, count: parameter.count)
      }
      let before = try SmallTask.state(parts)
      try parts.prepareUpdate(options)
      XCTAssertEqual(try SmallTask.state(parts), before)
      try parts.commitUpdate()
      XCTAssertEqual(try SmallTask.state(parts), try SmallTask.state(whole))
    }
  }

  func testNothingToCommit() throws {
    let network = try SmallTask.network()
    XCTAssertThrowsError(try network.commitUpdate())
    try fillGradients(network)
    try network.prepareUpdate(options())
    try network.commitUpdate()
    XCTAssertThrowsError(try network.commitUpdate())
    let before = try SmallTask.state(network)
    try network.prepareUpdate(options())
    try network.parameters[2].makeGradient().buffer[1] = .nan
    XCTAssertThrowsError(try network.prepareUpdate(options())) {
      XCTAssertTrue("\($0)".contains("fc2.weight"), "\($0)")
    }
    XCTAssertThrowsError(try network.commitUpdate(), "what was prepared before is forgotten")
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testFrozenParametersAreLeftAlone() throws {
    let network = try SmallTask.network()
    try fillGradients(network)
    for parameter in network.parameters { try network.setMultipliers(of: parameter, rate: 0, decay: 1) }
    let before = try SmallTask.state(network)
    try network.prepareUpdate(options())
    try network.commitUpdate()
    XCTAssertEqual(try SmallTask.state(network), before)
  }
}
