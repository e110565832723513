import Kernels
import Networks
import Tensors
import XCTest

@testable import Training

final class ProfileTests: XCTestCase {
  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=32 width=32
      convolution conv1 outputs=16 kernel=5 stride=1 pad=2,2,2,2 groups=1
      relu relu1
      max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
      convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=2
      dense fc3 outputs=10
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func profile(
    _ network: Network, batch: Int, training: Bool, arithmetic: Arithmetic = Arithmetic()
  ) throws -> Profile {
    try network.profile(batch: batch, training: training, arithmetic: arithmetic, repeats: 3) { input, range, _ in
      input.update(repeating: 0.5, count: range.count * 3 * 32 * 32)
    }
  }

  func testInferenceHasARowForEveryStep() throws {
    let profile = try profile(try network(), batch: 8, training: false)
    XCTAssertEqual(profile.rows.map(\.name), ["input", "conv1 + relu1", "pool1", "conv2", "fc3", "loss", "other"])
    XCTAssertEqual(profile.rows.map(\.kind), ["", "convolution", "max_pool", "convolution", "dense", "", ""])
    XCTAssertTrue(profile.rows.allSatisfy { $0.backwardSeconds == 0 && $0.backwardWork == Work() })
    let sum = profile.rows.reduce(0) { $0 + $1.forwardSeconds }
    XCTAssertEqual(sum, profile.seconds, accuracy: 0.3 * profile.seconds)
  }

  func testWorkIsCounted() throws {
    let rows = try profile(try network(), batch: 8, training: true).rows
    let conv1 = try XCTUnwrap(rows.first { $0.kind == "convolution" })
    let macs = 8.0 * 32 * 32 * 16 * 5 * 5 * 3
    XCTAssertEqual(conv1.forwardWork.operations, 2 * macs)
    XCTAssertEqual(conv1.backwardWork.operations, 2 * macs, "no gradient of the input")
    let (inputs, outputs, weights) = (8.0 * 32 * 32 * 3, 8.0 * 32 * 32 * 16, 16.0 * 75 + 16)
    XCTAssertEqual(conv1.forwardWork.bytes, 4 * (inputs + outputs + weights))
    XCTAssertEqual(conv1.backwardWork.bytes, 4 * (inputs + 2 * outputs + weights))
    let conv2 = try XCTUnwrap(rows.first { $0.name == "conv2" })
    XCTAssertEqual(conv2.backwardWork.operations, 2 * conv2.forwardWork.operations)
    XCTAssertEqual(rows.map(\.name).suffix(3), ["loss", "update", "other"])
    XCTAssertTrue(rows.filter { !$0.kind.isEmpty }.allSatisfy { $0.forwardSeconds > 0 && $0.backwardSeconds > 0 })
  }

  func testDenseWeightsOf8BitsAreBytes() throws {
    let arithmetic = Arithmetic(int8DenseWeights: true)
    let rows = try profile(try network(), batch: 8, training: false, arithmetic: arithmetic).rows
    let dense = try XCTUnwrap(rows.first { $0.name == "fc3" })
    let (inputs, outputs) = (8.0 * 16 * 16, 10.0)
    let vectors = 2 * 4 * 8 * inputs
    XCTAssertEqual(dense.forwardWork.bytes, vectors + inputs * outputs + 4 * outputs + 4 * 8 * outputs)
    XCTAssertEqual(dense.forwardWork.operations, 2 * 8 * inputs * outputs)
    let convolution = try XCTUnwrap(rows.first { $0.name == "conv2" })
    XCTAssertEqual(convolution.forwardWork.bytes, 4 * 8 * (16 * 16 * 16 + inputs) + 4 * (8 * 8 * 9 + 8))
  }

  func testBFloat16IsCountedAsItIsStored() throws {
    let context = try ComputeContext()
    guard Precision.available(in: context).contains(.bfloat16) else { throw XCTSkip("no bfloat16 on this CPU") }
    let network = try network()
    let arithmetic = Arithmetic(precision: .bfloat16)
    let (inputs, outputs) = (8.0 * 16 * 16, 10.0)
    for training in [false, true] {
      let rows = try profile(network, batch: 8, training: training, arithmetic: arithmetic).rows
      let dense = try XCTUnwrap(rows.first { $0.name == "fc3" })
      let weights = (training ? 4 : 2) * inputs * outputs + 4 * outputs
      XCTAssertEqual(dense.forwardWork.bytes, 2 * 2 * 8 * inputs + weights + 4 * 8 * outputs, "training \(training)")
    }
  }

  func testWinogradIsHeldToTheDirectSum() throws {
    for training in [false, true] {
      let direct = try profile(try network(), batch: 8, training: training)
      let fast = try profile(try network(), batch: 8, training: training, arithmetic: Arithmetic(fastMath: true))
      XCTAssertEqual(fast.rows.map(\.forwardWork), direct.rows.map(\.forwardWork))
      XCTAssertEqual(fast.rows.map(\.backwardWork), direct.rows.map(\.backwardWork))
    }
  }

  func testTheSlowerOfArithmeticAndMemoryIsTheLimit() {
    let limits = Profile.Limits(operationsPerSecond: 100, bytesPerSecond: 10)
    XCTAssertEqual(limits.seconds(Work(operations: 1000, bytes: 50)), 10)
    XCTAssertEqual(limits.seconds(Work(operations: 100, bytes: 50)), 5)
  }

  func testNothingOfTheNetworkChanges() throws {
    let network = try network()
    let x = [Float](repeating: 0.25, count: 4 * 3 * 32 * 32)
    let options = try StepOptions(learningRate: 0.1, momentum: 0.9, weightDecay: 0, seed: 0, step: 0)
    _ = try network.trainStep(x, labels: [0, 1, 2, 3], batch: 4, layout: .nhwc, options: options)
    func state() throws -> [[Float]] {
      try network.parameters.flatMap { parameter in
        [parameter.value, try parameter.makeGradient(), try parameter.makeVelocity()].map { Array($0.buffer) }
      }
    }
    let (before, live) = (try state(), TensorMemory.liveBytes)
    _ = try profile(network, batch: 16, training: true)
    _ = try profile(network, batch: 16, training: false)
    XCTAssertEqual(try state(), before)
    XCTAssertEqual(TensorMemory.liveBytes, live)
  }

  func testRepeatsOutOfRangeAreRefused() throws {
    for repeats in [0, -1, 1001] {
      XCTAssertThrowsError(try network().profile(batch: 1, training: false, repeats: repeats) { _, _, _ in })
    }
  }
}
