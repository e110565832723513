import Kernels
import Networks
import Parallel
import Tensors
import XCTest

@testable import Training

/// Training steps in bfloat16, on the CPU's own table.
final class BFloat16TrainingTests: XCTestCase {
  private let batch = 6
  private let labels: [Int32] = [0, 1, 2, 0, 1, 2]
  private lazy var x: [Float] = {
    let generator = Philox(seed: 4, purpose: .test, step: 0)
    let imageSize = 3 * 16 * 16
    return (0..<batch * imageSize).map { index -> Float in
      // A bias by class makes the task learnable.
      Philox.unit(generator.words(UInt64(index))[0]) + Float(index / imageSize % 3)
    }
  }()

  override func setUpWithError() throws {
    let available = Precision.available(in: try ComputeContext())
    try XCTSkipUnless(available.contains(.bfloat16), "the instruction set in use has no bfloat16")
  }

  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=16 width=16
      convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
      max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
      dense fc2 outputs=16
      relu relu2
      dropout drop2 probability=0.5 form=paper2012
      dense fc3 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func step(
    _ network: Network, _ step: Int = 0, precision: Precision = .bfloat16, x: [Float]? = nil
  ) throws -> StepResult {
    try network.trainStep(
      x ?? self.x, labels: labels, batch: batch, layout: .nhwc,
      options: try StepOptions(
        learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, seed: 2, step: UInt64(step), precision: precision))
  }

  private func state(_ network: Network) throws -> [[Float]] {
    try network.parameters.flatMap { [Array($0.value.buffer), Array(try $0.makeVelocity().buffer)] }
  }

  func testLossFallsAsInFloat32() throws {
    // Dropout makes single losses jump; a small rate keeps the two runs together.
    func losses(_ precision: Precision) throws -> [Double] {
      let network = try network()
      return try (0..<80).map { try step(network, $0, precision: precision).loss }
    }
    let (exact, rounded) = (try losses(.float32), try losses(.bfloat16))
    let ends = [exact, rounded].map { $0.suffix(20).reduce(0, +) / 20 }
    XCTAssertLessThan(ends[1], 0.85 * rounded[0])
    XCTAssertEqual(ends[1], ends[0], accuracy: 0.02 * ends[0])
    XCTAssertNotEqual(exact, rounded)
  }

  func testFirstStepHasTheLossOfFloat32() throws {
    let (exact, rounded) = (try step(try network(), precision: .float32), try step(try network()))
    XCTAssertEqual(rounded.loss, exact.loss, accuracy: 2e-2 * exact.loss)
  }

  func testWeightsAreNotRounded() throws {
    let network = try network()
    for index in 0..<3 { _ = try step(network, index) }
    for parameter in network.parameters {
      XCTAssertTrue(parameter.value.buffer.contains { BFloat16($0).float != $0 }, parameter.name)
    }
  }

  func testSteadyStepAllocatesNothing() throws {
    let network = try network()
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
      let network = try network()
      for index in 0..<5 { _ = try step(network, index) }
      seen.insert(try state(network))
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testPrecisionsMayAlternate() throws {
    let network = try network()
    for index in 0..<6 { _ = try step(network, index, precision: index.isMultiple(of: 2) ? .float32 : .bfloat16) }
    XCTAssertTrue(try state(network).joined().allSatisfy(\.isFinite))
  }

  func testInputThatIsNotFiniteUpdatesNothing() throws {
    let network = try network()
    _ = try step(network)
    let before = try state(network)
    for poison in [Float.nan, .infinity] {
      var poisoned = x
      poisoned[100] = poison
      XCTAssertThrowsError(try step(network, 1, x: poisoned), "\(poison)") { error in
        guard case EngineError.nonFinite = error else { return XCTFail("\(error)") }
      }
    }
    XCTAssertEqual(try state(network), before)
  }
}
