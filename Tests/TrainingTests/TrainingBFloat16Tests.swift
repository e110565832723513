import Kernels
import Networks
import Parallel
import Tensors
import XCTest

@testable import Training

/// Training steps in bfloat16, on the CPU's own table.
final class TrainingBFloat16Tests: XCTestCase {
  private let (batch, labels, x) = (SmallTask.batch, SmallTask.labels, SmallTask.images)

  override func setUpWithError() throws {
    let available = Precision.trainable(in: try ComputeContext())
    try XCTSkipUnless(available.contains(.bfloat16), "the instruction set in use has no bfloat16")
  }

  private func step(
    _ network: Network, _ step: Int = 0, precision: Precision = .bfloat16, x: [Float]? = nil
  ) throws -> StepResult {
    try network.trainStep(
      x ?? self.x, labels: labels, batch: batch, layout: .nhwc,
      options: try StepOptions(
        learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, seed: 2, step: UInt64(step),
        arithmetic: Arithmetic(precision: precision)))
  }

  func testLossFallsAsInFloat32() throws {
    // Dropout makes single losses jump; a small rate keeps the two runs together.
    func losses(_ precision: Precision) throws -> [Double] {
      let network = try SmallTask.network()
      return try (0..<80).map { try step(network, $0, precision: precision).loss }
    }
    let (exact, rounded) = (try losses(.float32), try losses(.bfloat16))
    let ends = [exact, rounded].map { $0.suffix(20).reduce(0, +) / 20 }
    XCTAssertLessThan(ends[1], 0.85 * rounded[0])
    XCTAssertEqual(ends[1], ends[0], accuracy: 0.02 * ends[0])
    XCTAssertNotEqual(exact, rounded)
  }

  func testFirstStepHasTheLossOfFloat32() throws {
    let (exact, rounded) = (try step(try SmallTask.network(), precision: .float32), try step(try SmallTask.network()))
    XCTAssertEqual(rounded.loss, exact.loss, accuracy: 2e-2 * exact.loss)
  }

  func testWeightsAreNotRounded() throws {
    let network = try SmallTask.network()
    for index in 0..<3 { _ = try step(network, index) }
    for parameter in network.parameters {
      XCTAssertTrue(parameter.value.buffer.contains { BFloat16($0).float != $0 }, parameter.name)
    }
  }

  func testSteadyStepAllocatesNothing() throws {
    let network = try SmallTask.network()
    _ = try step(network)
    let allocations = TensorMemory.allocationCount
    for index in 1..<5 { _ = try step(network, index) }
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    var seen: Set<[[Float]]> = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      let network = try SmallTask.network()
      for index in 0..<5 { _ = try step(network, index) }
      seen.insert(try SmallTask.state(network))
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testPrecisionsMayAlternate() throws {
    let network = try SmallTask.network()
    for index in 0..<6 { _ = try step(network, index, precision: index.isMultiple(of: 2) ? .float32 : .bfloat16) }
    XCTAssertTrue(try SmallTask.state(network).joined().allSatisfy(\.isFinite))
  }

  func testInputThatIsNotFiniteUpdatesNothing() throws {
    let network = try SmallTask.network()
    _ = try step(network)
    let before = try SmallTask.state(network)
    for poison in [Float.nan, .infinity] {
      var poisoned = x
      poisoned[100] = poison
      XCTAssertThrowsError(try step(network, 1, x: poisoned), "\(poison)") { error in
        guard case EngineError.nonFinite = error else { return XCTFail("\(error)") }
      }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }
}
