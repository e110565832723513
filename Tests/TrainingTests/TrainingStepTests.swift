import Imaging
import Kernels
import Networks
import Parallel
import Tensors
import XCTest

@testable import Training

private func squashedNetwork(_ activation: String) throws -> Network {
  let text = """
    network squashed
    data channels=3 height=16 width=16
    convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
    \(activation) \(activation)1
    average_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0
    spatial_response_norm norm1 size=3 alpha=0.001 beta=0.75 k=1 alpha_over_n=1
    dense fc2 outputs=16
    \(activation) \(activation)2
    dense fc3 outputs=3
    softmax prob
    """
  return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
}

final class TrainingStepTests: XCTestCase {
  private let (batch, labels, x) = (SmallTask.batch, SmallTask.labels, SmallTask.images)

  private func options(step: UInt64 = 0, rate: Float = 0.05) throws -> StepOptions {
    try StepOptions(learningRate: rate, momentum: 0.9, weightDecay: 5e-4, seed: 2, step: step)
  }

  private func step(_ network: Network, _ step: UInt64 = 0, x: [Float]? = nil) throws -> StepResult {
    try network.trainStep(
      x ?? self.x, labels: labels, batch: batch, layout: .nhwc, options: try options(step: step))
  }

  func testLossFalls() throws {
    let network = try SmallTask.network()
    let first = try step(network).loss
    var last = first
    for index in 1..<80 { last = try step(network, UInt64(index)).loss }
    XCTAssertLessThan(last, 0.5 * first)
  }

  /// The layers of the CIFAR-10 nets and of the activation comparison learn, under every rule.
  func testSquashedNetworksLearn() throws {
    for (activation, rate) in [("tanh", 0.02), ("sigmoid", 0.2)] as [(String, Float)] {
      for rule in [SGDUpdate.Rule.paper, .pytorch, .caffe] {
        let network = try squashedNetwork(activation)
        let losses = try (0..<150).map { index in
          try network.trainStep(
            x, labels: labels, batch: batch, layout: .nhwc,
            options: try StepOptions(
              learningRate: rate, momentum: 0.9, weightDecay: 0, rule: rule, seed: 2, step: UInt64(index))
          ).loss
        }
        XCTAssertLessThan(losses[149], 0.2 * losses[0], "\(activation) \(rule)")
      }
    }
  }

  func testSteadyStepAllocatesNothing() throws {
    for network in [try SmallTask.network(), try squashedNetwork("tanh")] { try assertSteady(network) }
  }

  private func assertSteady(_ network: Network) throws {
    _ = try step(network)
    let allocations = TensorMemory.allocationCount
    for index in 1..<5 { _ = try step(network, UInt64(index)) }
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    var seen: Set<[[Float]]> = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      let network = try SmallTask.network()
      for index in 0..<5 { _ = try step(network, UInt64(index)) }
      seen.insert(try SmallTask.state(network))
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testRefusalsLeaveTheStateAsItWas() throws {
    let network = try SmallTask.network()
    _ = try step(network)
    let before = try SmallTask.state(network)
    var poisoned = x
    poisoned[100] = .nan
    XCTAssertThrowsError(try step(network, 1, x: poisoned)) { error in
      guard case EngineError.nonFinite = error else { return XCTFail("\(error)") }
    }
    for label: Int32 in [-1, 3, .max, .min] {
      let labels = [label] + self.labels.dropFirst()
      XCTAssertThrowsError(
        try network.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: try options())
      ) { XCTAssertTrue("\($0)".contains("label 0 is \(label), expected 0 ≤ label < 3")) }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  /// A gradient is finite, and so is the rate; their product is not.
  func testAnUpdateThatWouldLeaveFloat32CommitsNothing() throws {
    let large = x.map { 1000 * $0 }
    for rule in [SGDUpdate.Rule.paper, .pytorch, .caffe] {
      // With and without steps that make the bounds on weights and velocities known.
      for steps in [0, 3] {
        let network = try SmallTask.network()
        for index in 0..<steps { _ = try step(network, UInt64(index)) }
        let weights = network.parameters.map { Array($0.value.buffer) }
        let absurd = try StepOptions(
          learningRate: 3e38, momentum: 0.9, weightDecay: 0, rule: rule, seed: 2, step: 7)
        for _ in 0..<2 {
          XCTAssertThrowsError(
            try network.trainStep(large, labels: labels, batch: batch, layout: .nhwc, options: absurd)
          ) { error in
            guard case EngineError.nonFinite(let text) = error else { return XCTFail("\(error)") }
            XCTAssertTrue(text.hasPrefix("train_step: a weight of "), text)
            XCTAssertTrue(text.hasSuffix("nothing was updated: try a lower learning rate than 3e+38"), text)
          }
        }
        XCTAssertTrue(network.parameters.map { Array($0.value.buffer) } == weights, "\(rule), \(steps) steps")
        XCTAssertNoThrow(try step(network, 8))
      }
    }
  }

  func testWeightsThatAreNotFiniteAreNamed() throws {
    let network = try SmallTask.network()
    network.parameters[2].withMutableValues { $0[5] = .nan }
    XCTAssertThrowsError(try step(network)) { XCTAssertTrue("\($0)".hasSuffix("fc2.weight holds nan"), "\($0)") }
  }

  func testRefusedMemoryLeavesTheStateAsItWas() throws {
    for allocation in 0..<60 {
      let network = try SmallTask.network()
      let before = network.parameters.map { Array($0.value.buffer) }
      TensorMemory.failAllocation(after: allocation)
      defer { TensorMemory.failAllocation(after: -1) }
      do {
        _ = try step(network)
        return XCTAssertGreaterThan(allocation, 5, "the step allocates when a batch is first seen")
      } catch EngineError.outOfMemory {
        TensorMemory.failAllocation(after: -1)
        XCTAssertEqual(network.parameters.map { Array($0.value.buffer) }, before)
        XCTAssertNoThrow(try step(network))
      }
    }
    XCTFail("a step with fewer than 60 allocations was expected")
  }

  func testInterruptLeavesTheStateAsItWas() throws {
    let network = try SmallTask.network()
    _ = try step(network)
    let before = try SmallTask.state(network)
    Interrupt.setQuestion { 1 }
    defer { Interrupt.setQuestion(nil) }
    for _ in 0..<3 {
      usleep(25_000)
      XCTAssertThrowsError(try step(network, 1)) { XCTAssertEqual($0 as? EngineError, .interrupted) }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testFrozenParametersStay() throws {
    let network = try SmallTask.network()
    let frozen = network.parameters[0]
    try network.setMultipliers(of: frozen, rate: 0, decay: 1)
    let before = Array(frozen.value.buffer)
    for index in 0..<3 { _ = try step(network, UInt64(index)) }
    XCTAssertEqual(Array(frozen.value.buffer), before)
  }

  func testMultipliersThatOverflowCommitNothing() throws {
    let network = try SmallTask.network()
    let before = try SmallTask.state(network)
    try network.setMultipliers(of: network.parameters[2], rate: 1e30, decay: 1)
    XCTAssertThrowsError(
      try network.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: try options(rate: 1e30))
    ) { XCTAssertTrue("\($0)".contains("fc2.weight"), "\($0)") }
    XCTAssertEqual(try SmallTask.state(network), before)
    XCTAssertThrowsError(try network.setMultipliers(of: network.parameters[0], rate: -1, decay: 1))
    XCTAssertThrowsError(try network.setMultipliers(of: network.parameters[0], rate: 1, decay: .nan))
  }

  /// Rates and decays given with the step act like the network's own factors and leave those unchanged.
  func testRatesOfTheStepStandInForFactors() throws {
    let (lent, told) = (try SmallTask.network(), try SmallTask.network())
    let factors: [(rate: Float, decay: Float)] = [(0, 1), (2, 0), (0.3, 7), (1, 1), (5, 0.1), (0.7, 0)]
    XCTAssertEqual(told.parameters.count, factors.count)
    for (parameter, factor) in zip(lent.parameters, factors) {
      try lent.setMultipliers(of: parameter, rate: factor.rate, decay: factor.decay)
    }
    try told.setMultipliers(of: told.parameters[1], rate: 0, decay: 3)
    var own = try options()
    own.rates = factors.map { 0.05 * $0.rate }
    own.decays = factors.map { 5e-4 * $0.decay }
    own.hyperparameters = SGDHyperparameters(learningRate: 9, momentum: 0.9, weightDecay: 9)
    for index in 0..<3 {
      _ = try step(lent, UInt64(index))
      own.dropout = DropoutKey(seed: 2, step: UInt64(index))
      _ = try told.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: own)
    }
    XCTAssertEqual(try SmallTask.state(lent), try SmallTask.state(told))
    XCTAssertEqual(told.parameters.map(\.rateMultiplier), [1, 0, 1, 1, 1, 1])
    XCTAssertEqual(told.parameters.map(\.decayMultiplier), [1, 3, 1, 1, 1, 1])
    let allocations = TensorMemory.allocationCount
    _ = try told.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: own)
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  func testRatesOfTheStepAreChecked() throws {
    let network = try SmallTask.network()
    let before = try SmallTask.state(network)
    let ones = [Float](repeating: 1, count: 6)
    let poisoned = { (value: Float) in [Float](repeating: 1, count: 5) + [value] }
    for (rates, decays, message) in [
      ([], nil, "got 0 values of learning rate, expected 6"), (ones + [1], nil, "got 7 values of learning rate"),
      (nil, Array(ones.dropLast()), "got 5 values of weight decay, expected 6"),
      (poisoned(.nan), nil, "fc3.bias: got learning rate nan"), (poisoned(-1), nil, "fc3.bias: got learning rate -1"),
      (poisoned(.infinity), ones, "fc3.bias: got learning rate inf"),
      (poisoned(0), poisoned(.nan), "fc3.bias: got weight decay nan"), (nil, poisoned(-2), "got weight decay -2"),
      (poisoned(1e30), poisoned(1e30), "fc3.bias: learning rate 1e+30 and weight decay 1e+30 overflow"),
    ] as [([Float]?, [Float]?, String)] {
      var options = try options()
      (options.rates, options.decays) = (rates, decays)
      XCTAssertThrowsError(
        try network.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: options)
      ) { XCTAssertTrue("\($0)".contains(message), "\($0)") }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testEqualWeightsOfImagesChangeNoBit() throws {
    let (plain, weighted) = (try SmallTask.network(), try SmallTask.network())
    var own = try options()
    for index in 0..<3 {
      own.dropout = DropoutKey(seed: 2, step: UInt64(index))
      own.sampleWeights = [Float](repeating: 0.3, count: batch)
      let (result, expected) = (
        try weighted.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: own),
        try step(plain, UInt64(index))
      )
      XCTAssertEqual(result.loss, expected.loss)
      XCTAssertEqual(result.top1Error, expected.top1Error)
    }
    XCTAssertEqual(try SmallTask.state(weighted), try SmallTask.state(plain))
    let allocations = TensorMemory.allocationCount
    _ = try weighted.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: own)
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  /// Without momentum and decay, images of no weight leave the network as it was.
  func testWeightsOfZeroUpdateNothing() throws {
    let network = try SmallTask.network()
    let before = try SmallTask.state(network)
    let still = try StepOptions(
      learningRate: 0.1, momentum: 0, weightDecay: 0, seed: 2, step: 0,
      sampleWeights: [Float](repeating: 0, count: batch))
    XCTAssertEqual(try network.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: still).loss, 0)
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testWeightsOfImagesAreChecked() throws {
    let network = try SmallTask.network()
    let before = try SmallTask.state(network)
    for (weights, message) in [
      ([1, 1], "train_step: got 2 values of sample_weight, expected 6"), ([], "got 0 values"),
      ([1, 1, 1, .nan, 1, 1], "sample_weight 3 is nan"), ([1, 1, 1, 1, 1, -1], "sample_weight 5 is -1"),
    ] as [([Float], String)] {
      var options = try options()
      options.sampleWeights = weights
      XCTAssertThrowsError(
        try network.trainStep(x, labels: labels, batch: batch, layout: .nhwc, options: options)
      ) { XCTAssertTrue("\($0)".contains(message), "\($0)") }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testHyperparametersAreChecked() {
    for (rate, momentum, decay) in [
      (Float.nan, Float(0.9), Float(0)), (-1, 0.9, 0), (.infinity, 0.9, 0), (0.1, 1, 0), (0.1, -0.1, 0),
      (0.1, .nan, 0), (0.1, 0.9, -1), (0.1, 0.9, .nan), (1e25, 0.9, 1e25),
    ] {
      XCTAssertThrowsError(
        try StepOptions(learningRate: rate, momentum: momentum, weightDecay: decay, seed: 0, step: 0))
    }
  }
}
