import Kernels
import Networks
import Parallel
import Tensors
import XCTest

@testable import Training

/// Whole training steps by the rule LARS.
final class LARSStepTests: XCTestCase {
  private func options(
    step: Int = 0, rate: Float = 2, trust: Float = 0.01, plainBiases: Bool = false, weightDecay: Float = 5e-4
  ) throws -> StepOptions {
    try StepOptions(
      learningRate: rate, momentum: 0.9, weightDecay: weightDecay, rule: .lars, trust: trust, plainBiases: plainBiases,
      seed: 2, step: UInt64(step))
  }

  @discardableResult
  private func step(_ network: Network, _ options: StepOptions) throws -> StepResult {
    try network.trainStep(
      SmallTask.images, labels: SmallTask.labels, batch: SmallTask.batch, layout: .nhwc, options: options)
  }

  /// Every parameter follows its gradients as in float64, biases by Caffe's rule if they are plain.
  func testStepsFollowTheReference() throws {
    for plainBiases in [false, true] {
      let network = try SmallTask.network()
      for index in 0..<6 {
        let before = try network.parameters.map {
          (Array($0.value.buffer).map(Double.init), Array(try $0.makeVelocity().buffer).map(Double.init))
        }
        let rate: Float = plainBiases ? 0.01 : 2
        try step(network, options(step: index, rate: rate, plainBiases: plainBiases))
        for (parameter, var (weights, velocity)) in zip(network.parameters, before) {
          Reference.sgdUpdate(
            count: parameter.count, rule: .lars, learningRate: Double(rate), momentum: 0.9, weightDecay: 5e-4,
            trust: plainBiases && parameter.role == .bias ? 0 : 0.01, weights: &weights, velocity: &velocity,
            gradient: Array(try parameter.makeGradient().buffer).map(Double.init))
          let name = "\(parameter.name), step \(index)"
          for (found, expected) in zip(parameter.value.buffer, weights) {
            XCTAssertEqual(Double(found), expected, accuracy: 2e-7 * max(1, abs(expected)), name)
          }
          for (found, expected) in zip(try parameter.makeVelocity().buffer, velocity) {
            XCTAssertEqual(Double(found), expected, accuracy: 2e-7 * max(1, abs(expected)), name)
          }
        }
      }
    }
  }

  func testLearns() throws {
    let network = try SmallTask.network()
    let losses = try (0..<120).map { try step(network, options(step: $0, rate: 0.5)).loss }
    // Dropout leaves one of sixteen units or another: no single step tells.
    XCTAssertLessThan(losses.suffix(20).reduce(0, +) / 20, 0.7 * losses[0])
  }

  func testSameBitsForAnyNumberOfThreadsAndNoAllocations() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    var seen: Set<[[Float]]> = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      let network = try SmallTask.network()
      try step(network, options())
      let allocations = TensorMemory.allocationCount
      for index in 1..<5 { try step(network, options(step: index)) }
      XCTAssertEqual(TensorMemory.allocationCount, allocations)
      seen.insert(try SmallTask.state(network))
    }
    XCTAssertEqual(seen.count, 1)
  }

  /// Norms of the last parameter decide as well before the first one changes.
  func testALocalRateThatLeavesFloat32CommitsNothing() throws {
    let network = try SmallTask.network()
    try step(network, options())
    network.parameters[4].withMutableValues { for index in $0.indices { $0[index] *= 1e-30 } }
    let before = try SmallTask.state(network)
    XCTAssertThrowsError(try step(network, options(step: 1, rate: 3e38, trust: 3e38, weightDecay: 0))) { error in
      guard case EngineError.nonFinite(let text) = error else { return XCTFail("\(error)") }
      XCTAssertTrue(text.contains("the local rate of "), text)
      let advice = "in step 1; nothing was updated: try a lower learning rate than 3e+38"
      XCTAssertTrue(text.hasSuffix("would overflow float32 \(advice)"), text)
    }
    XCTAssertEqual(try SmallTask.state(network), before)
    XCTAssertNoThrow(try step(network, options(step: 2)))
  }

  func testRefusesATrustThatIsNone() throws {
    for trust: Float in [0, -1, .nan, .infinity] {
      XCTAssertThrowsError(try options(trust: trust)) {
        XCTAssertTrue("\($0)".contains("got trust coefficient"), "\($0)")
      }
    }
    XCTAssertNoThrow(try StepOptions(learningRate: 1, momentum: 0, weightDecay: 0, trust: 0, seed: 0, step: 0))
  }
}
