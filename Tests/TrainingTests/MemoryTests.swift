import Networks
import Tensors
import TestSupport
import Training
import XCTest

final class MemoryTests: XCTestCase {
  private let text = """
    network small
    data channels=3 height=32 width=32
    convolution conv1 outputs=16 kernel=5 stride=1 pad=2,2,2,2 groups=1
    relu relu1
    response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
    max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
    convolution conv2 outputs=32 kernel=3 stride=1 pad=1,1,1,1 groups=2
    relu relu2
    spatial_response_norm norm2 size=3 alpha=0.001 beta=0.75 k=1 alpha_over_n=1
    average_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0
    dense fc3 outputs=64
    relu relu3
    dropout drop3 probability=0.5 form=paper2012
    dense fc4 outputs=10
    softmax prob
    """

  private func network() throws -> Network {
    try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func train(_ network: Network, batch: Int) throws {
    let x = [Float](repeating: 0.5, count: batch * network.spec.input.count)
    let options = try StepOptions(learningRate: 0.01, momentum: 0.9, weightDecay: 0, seed: 0, step: 0)
    _ = try network.trainStep(
      x, labels: [Int32](repeating: 1, count: batch), batch: batch, layout: .nhwc, options: options)
  }

  private func infer(_ network: Network, batch: Int) throws {
    let x = [Float](repeating: 0.5, count: batch * network.spec.input.count)
    var logits = [Float](repeating: 0, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &logits)
  }

  /// Bytes at the peak of building a network and computing with it, above the bytes in use before.
  private func peak(_ work: (Network) throws -> Void) throws -> Int {
    let before = TensorMemory.liveBytes
    TensorMemory.resetPeak()
    try work(try network())
    return TensorMemory.peakBytes - before
  }

  func testEveryByteIsForetold() throws {
    let spec = try NetworkSpec(text: text)
    // 100 images go through the feature maps in chunks; one goes through other dense kernels than eight.
    for batch in [1, 3, 8, 40, 100] {
      XCTAssertEqual(
        try Network.memory(of: spec, batch: batch, training: true).total,
        try peak { try train($0, batch: batch) }, "training, \(batch)")
      XCTAssertEqual(
        try Network.memory(of: spec, batch: batch, training: false).total,
        try peak { try infer($0, batch: batch) }, "inference, \(batch)")
    }
  }

  func testPartsAreWhatTheySay() throws {
    let use = try network().memory(batch: 8, training: true)
    XCTAssertGreaterThan(use.activations, 0)
    XCTAssertGreaterThan(use.scratch, 0)
    // All in one block, each from a cache line on.
    XCTAssertEqual(Double(use.gradients), Double(use.weights), accuracy: 0.01 * Double(use.weights))
    XCTAssertEqual(use.velocities, use.weights)
    let inference = try network().memory(batch: 8, training: false)
    XCTAssertEqual(inference.weights, use.weights)
    XCTAssertEqual(inference.gradients + inference.velocities, 0)
    XCTAssertLessThan(inference.activations, use.activations)
  }

  func testFrozenParametersHaveNoVelocity() throws {
    let network = try network()
    let before = try network.memory(batch: 2, training: true)
    for parameter in network.parameters where parameter.name.hasPrefix("fc3") {
      try network.setMultipliers(of: parameter, rate: 0, decay: 1)
    }
    XCTAssertLessThan(try network.memory(batch: 2, training: true).velocities, before.velocities)
  }

  func testARehearsalAllocatesAndChangesNothing() throws {
    let network = try network()
    try train(network, batch: 4)
    let (allocations, bytes) = (TensorMemory.allocationCount, TensorMemory.liveBytes)
    let weights = network.parameters.map { Array($0.value.buffer) }
    _ = try network.memory(batch: 1000, training: true)
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
    XCTAssertEqual(TensorMemory.liveBytes, bytes)
    XCTAssertEqual(network.parameters.map { Array($0.value.buffer) }, weights)
    try train(network, batch: 4)
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  func testALargeRehearsalWritesNoMemory() {
    // In kibibytes.
    func peak() -> Int? {
      SystemFile.line(of: "/proc/self/status", startingWith: "VmHWM:").flatMap { Int($0.filter(\.isNumber)) }
    }
    // A child's peak begins with the memory it inherits. The features alone of this many images are 800 MB.
    let status = statusOfForkedChild {
      guard let network = try? network(), let before = peak() else { return false }
      for training in [false, true] {
        guard (try? network.memory(batch: 1 << 17, training: training)) != nil else { return false }
      }
      return peak().map { $0 - before < 32 << 10 } ?? false
    }
    XCTAssertEqual(status, 0)
  }

  func testANetworkTooLargeForTheMachine() throws {
    let spec = try NetworkSpec(
      text: """
        network giant
        data channels=3 height=256 width=256
        dense fc1 outputs=1000000
        dense fc2 outputs=1000
        softmax prob
        """)
    let use = try Network.memory(of: spec, batch: 64, training: true)
    XCTAssertGreaterThan(use.weights, 196_608 * 1_000_000 * 4)
    XCTAssertLessThan(use.weights, 196_608 * 1_000_000 * 5)
  }

  func testBatchesOutOfRangeAreRefused() throws {
    for batch in [0, -1, 1 << 21, Int.max] {
      XCTAssertThrowsError(try network().memory(batch: batch, training: false)) {
        guard case EngineError.invalidValue = $0 else { return XCTFail("\($0)") }
      }
    }
  }

  func testReleasedMemoryComesBack() throws {
    let network = try network()
    let empty = TensorMemory.liveBytes
    try infer(network, batch: 50)
    XCTAssertGreaterThan(TensorMemory.liveBytes, empty)
    try network.releaseMemory()
    XCTAssertEqual(TensorMemory.liveBytes, empty)
    try train(network, batch: 2)
    try network.releaseMemory()
    let parameters = try network.memory(batch: 1, training: true)
    XCTAssertEqual(TensorMemory.liveBytes - empty, parameters.gradients + parameters.velocities)
    try infer(network, batch: 2)
  }

  func testOutgrownWorkGivesWay() throws {
    let network = try network()
    let names = network.spec.nodes.dropLast().map(\.name)
    let x = [Float](repeating: 0.5, count: network.spec.input.count)
    var live: [Int] = []
    for _ in 0..<2 {
      for name in names {
        var output = [Float](repeating: 0, count: 32 * 32 * 16)
        try output.withUnsafeMutableBufferPointer { output in
          guard let output = output.baseAddress else { return }
          try network.capture([name], of: x, batch: 1, layout: .nhwc, into: [output])
        }
      }
      live.append(TensorMemory.liveBytes)
    }
    XCTAssertEqual(live.first, live.last)
    XCTAssertLessThan(network.activationBytes, 4 * 2 * 32 * 32 * 16 * 4 * 4)
  }
}
