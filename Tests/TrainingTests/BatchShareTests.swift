import Imaging
import Kernels
import Networks
import Tensors
import TestSupport
import XCTest

@testable import Training

/// Processes that share a batch compute the bits of one that has all of it.
final class BatchShareTests: XCTestCase {
  private let batch = 21
  private var labels: [Int32] { (0..<batch).map { Int32($0 % 3) } }

  /// Every kind of layer with parameters; dropout of 10 outputs, which no block of random numbers divides.
  private func network() throws -> Network {
    let text = """
      network small
      data channels=3 height=12 width=12
      convolution conv1 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
      max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
      convolution conv2 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=2
      relu relu2
      locally_connected local3 outputs=4 kernel=3 stride=1 pad=0,0,0,0
      relu relu3
      dense fc4 outputs=10
      relu relu4
      dropout drop4 probability=0.5 form=paper2012
      dense fc5 outputs=3
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func options(_ step: Int, weights: [Float]? = nil, _ precision: Precision = .float32) throws -> StepOptions {
    try StepOptions(
      learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4, seed: 2, step: UInt64(step), sampleWeights: weights,
      arithmetic: Arithmetic(precision: precision))
  }

  private func images(_ count: Int) -> [UInt8] {
    let generator = Philox(seed: 4, purpose: .test, step: 0)
    return (0..<count * 16 * 16 * 3).map { UInt8(generator.words(UInt64($0))[0] % 256) }
  }

  /// A step on images by so many processes, one after another; the parts of the gradients are added in pairs.
  private func step(
    _ network: Network, ranks: Int, shards: Int, step: Int, weights: [Float]? = nil, labels: [Int32]? = nil,
    precision: Precision = .float32
  ) throws -> [ShardResult] {
    let (labels, pixels) = (labels ?? self.labels, images(batch))
    var divisor = 0.0
    for (index, label) in labels.enumerated() where label >= 0 { divisor += Double(weights?[index] ?? 1) }
    let bounds = (0...shards).map { $0 * batch / shards }
    let preprocessing = try Preprocessing(cropHeight: 12, cropWidth: 12, mean: .channels([120, 110, 100]))
    let augmentation = try Augmentation(randomCrop: true, flip: true, colorNoise: 0, colorDivisor: 1, chunk: 1)
    var results: [ShardResult] = []
    var parts: [[[Float]]] = []
    for rank in 0..<ranks {
      let mine = rank * shards / ranks..<(rank + 1) * shards / ranks
      let (first, end) = (bounds[mine.lowerBound], bounds[mine.upperBound])
      let share = try BatchShare(
        firstImage: first, shards: try Shards(mine.map { bounds[$0 + 1] - bounds[$0] }, operation: "test"),
        divisor: divisor)
      results += try network.gradients(
        images: Array(pixels[first * 768..<end * 768]), count: end - first, height: 16, width: 16,
        labels: Array(labels[first..<end]), share: share, preprocessing: preprocessing, augmentation: augmentation,
        options: try options(step, weights: weights.map { Array($0[first..<end]) }, precision))
      parts.append(try network.parameters.map { Array(try $0.makeGradient().buffer) })
    }
    while parts.count > 1 {
      var sums: [[[Float]]] = []
      for at in stride(from: 0, to: parts.count, by: 2) {
        var sum = parts[at]
        for index in sum.indices {
          for element in sum[index].indices { sum[index][element] += parts[at + 1][index][element] }
        }
        sums.append(sum)
      }
      parts = sums
    }
    for (parameter, sum) in zip(network.parameters, parts[0]) {
      _ = try parameter.makeGradient().buffer.update(fromContentsOf: sum)
    }
    try network.applyGradients(try options(step, precision))
    return results
  }

  func testBitsDoNotDependOnTheNumberOfProcesses() throws {
    for precision in Precision.trainable(in: try ComputeContext()) {
      for weights in [nil, (0..<batch).map { 0.3 + Float($0 % 5) }] {
        var expected: (results: [ShardResult], state: [[Float]])?
        for ranks in [1, 2, 4, 8] {
          let network = try network()
          var results: [ShardResult] = []
          for number in 0..<4 {
            results += try step(network, ranks: ranks, shards: 8, step: number, weights: weights, precision: precision)
          }
          let state = try SmallTask.state(network)
          if let expected {
            XCTAssertEqual(results, expected.results, "\(ranks) processes, \(precision)")
            XCTAssertTrue(state == expected.state, "\(ranks) processes, \(precision)")
          } else {
            expected = (results, state)
          }
        }
      }
    }
  }

  /// One shard is a step as ever; the sums of several differ in rounding alone.
  func testAStepInHalvesIsAStep() throws {
    let (halves, several, whole) = (try network(), try network(), try network())
    let preprocessing = try Preprocessing(cropHeight: 12, cropWidth: 12, mean: .channels([120, 110, 100]))
    let augmentation = try Augmentation(randomCrop: true, flip: true, colorNoise: 0, colorDivisor: 1, chunk: 1)
    for number in 0..<3 {
      let expected = try whole.trainStep(
        images: images(batch), count: batch, height: 16, width: 16, labels: labels, preprocessing: preprocessing,
        augmentation: augmentation, options: try options(number))
      let found = try step(halves, ranks: 1, shards: 1, step: number)
      XCTAssertEqual(found.map { $0.loss / Double(batch) }, [expected.loss])
      XCTAssertEqual(100 * found[0].top1Errors / Double(batch), expected.top1Error, accuracy: 1e-12)
      let parts = try step(several, ranks: 2, shards: 4, step: number)
      XCTAssertEqual(parts.reduce(0) { $0 + $1.loss } / Double(batch), expected.loss, accuracy: 1e-6)
    }
    XCTAssertEqual(try SmallTask.state(halves), try SmallTask.state(whole))
    for (found, expected) in zip(try SmallTask.state(several), try SmallTask.state(whole)) {
      let largest = expected.reduce(0) { max($0, abs($1)) }
      for (a, b) in zip(found, expected) { XCTAssertEqual(a, b, accuracy: 1e-5 * largest) }
    }
  }

  /// A row without an image changes nothing but the places of none.
  func testAnAbsentImageCountsForNothing() throws {
    var absent = labels
    (absent[2], absent[3], absent[20]) = (-1, -1, -1)
    let (one, four) = (try network(), try network())
    let results = try step(one, ranks: 1, shards: 4, step: 0, labels: absent)
    XCTAssertEqual(try step(four, ranks: 4, shards: 4, step: 0, labels: absent), results)
    XCTAssertEqual(try SmallTask.state(one), try SmallTask.state(four))
    // As weights of 0 do, but for the count of errors.
    let weighted = try network()
    let weights = absent.map { $0 < 0 ? Float(0) : 1 }
    let found = try step(weighted, ranks: 1, shards: 4, step: 0, weights: weights)
    XCTAssertEqual(found.map(\.loss), results.map(\.loss))
    XCTAssertEqual(try SmallTask.state(weighted), try SmallTask.state(one))
    XCTAssertLessThanOrEqual(results.reduce(0) { $0 + $1.top1Errors }, Double(batch - 3))
  }

  /// Every process computes the dense layers' gradients from the factors of all, and only the others are added.
  func testFactorsGiveTheBitsOfGradients() throws {
    let text = """
      network small
      data channels=2 height=6 width=6
      convolution conv1 outputs=5 kernel=3 stride=1 pad=1,1,1,1 groups=1
      relu relu1
      dense fc2 outputs=9
      relu relu2
      dense fc3 outputs=3
      softmax prob
      """
    let (batch, size) = (16, 72)
    let x = RandomValues.uniform(batch * size, seed: 5)
    let labels = (0..<batch).map { Int32($0 % 3) }
    let counts = [Int](repeating: 2, count: 8)
    for precision in Precision.trainable(in: try ComputeContext()) {
      func network() throws -> Network {
        try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
      }
      func share(_ rank: Int, of ranks: Int, factors: Bool) throws -> BatchShare {
        try BatchShare(
          firstImage: rank * batch / ranks, shards: try Shards(Array(counts.prefix(8 / ranks)), operation: "test"),
          divisor: Double(batch), factorBatch: factors ? batch : nil)
      }
      let (one, two) = (try network(), [try network(), try network()])
      _ = try one.gradients(
        x, labels: labels, batch: batch, layout: .nhwc, share: try share(0, of: 1, factors: false),
        options: try options(0, precision))
      for rank in 0..<2 {
        _ = try two[rank].gradients(
          Array(x[rank * 8 * size..<(rank + 1) * 8 * size]), labels: Array(labels[rank * 8..<rank * 8 + 8]), batch: 8,
          layout: .nhwc, share: try share(rank, of: 2, factors: true), options: try options(0, precision))
      }
      let factors = try two.map { try XCTUnwrap($0.factors) }
      XCTAssertEqual(factors[0].bytesPerRow, [9, 3, 180, 9].map { $0 * (precision == .float32 ? 4 : 2) })
      XCTAssertEqual(factors[0].finishedCount, 4)
      for matrix in 0..<4 {
        for rank in 0..<2 {
          let rows = try factors[rank].rows(matrix, images: rank * 8..<rank * 8 + 8)
          try factors[1 - rank].rows(matrix, images: rank * 8..<rank * 8 + 8).copyMemory(
            from: UnsafeRawBufferPointer(rows))
        }
      }
      for rank in 0..<2 { try two[rank].gradientsOfFactors(shards: try Shards(counts, operation: "test")) }
      for (index, parameter) in one.parameters.enumerated() {
        let expected = Array(try parameter.makeGradient().buffer)
        let parts = try two.map { Array(try $0.parameters[index].makeGradient().buffer) }
        if parameter.name.hasPrefix("fc") {
          XCTAssertTrue(parts[0] == expected && parts[1] == expected, "\(parameter.name), \(precision)")
        } else {
          XCTAssertTrue(zip(parts[0], parts[1]).map { $0 + $1 } == expected, "\(parameter.name), \(precision)")
        }
      }
      XCTAssertThrowsError(try two[0].gradientsOfFactors(shards: Shards(whole: 15)))
      XCTAssertThrowsError(try factors[0].rows(4, images: 0..<1))
      XCTAssertThrowsError(try factors[0].rows(0, images: 0..<17))
      try two[0].releaseMemory()
      XCTAssertThrowsError(try two[0].gradientsOfFactors(shards: Shards(whole: 16)))
    }
  }

  func testStepsOnFeaturesAreShared() throws {
    let (network, direct) = (try SmallTask.network(), try SmallTask.network())
    let shape = try XCTUnwrap(network.summary.first { $0.name == "pool1" }).shape
    let features = RandomValues.uniform(SmallTask.batch * shape.count, seed: 3)
    let options = try StepOptions(
      learningRate: 0, momentum: 0.9, weightDecay: 0, seed: 2, step: 1, rates: [0, 0, 0.1, 0.1, 0.1, 0.1],
      decays: [Float](repeating: 0, count: 6))
    let share = try BatchShare(firstImage: 0, shards: Shards(whole: SmallTask.batch), divisor: Double(SmallTask.batch))
    _ = try network.gradients(
      features: features, after: "pool1", labels: SmallTask.labels, batch: SmallTask.batch, layout: .nhwc,
      share: share, options: options)
    XCTAssertEqual(
      network.gradientMemory.finishedCount, network.gradientMemory.blocks.reduce(0) { $0 + $1.count })
    try network.applyGradients(options)
    _ = try direct.trainStep(
      features: features, after: "pool1", labels: SmallTask.labels, batch: SmallTask.batch, layout: .nhwc,
      options: options)
    XCTAssertEqual(try SmallTask.state(network), try SmallTask.state(direct))
  }

  func testGradientsThatAreNotFiniteChangeNothing() throws {
    let network = try network()
    _ = try step(network, ranks: 1, shards: 2, step: 0)
    let before = try SmallTask.state(network)
    try network.parameters[1].makeGradient().buffer[0] = .nan
    XCTAssertThrowsError(try network.applyGradients(try options(1))) { error in
      guard case .nonFinite(let text) = error as? EngineError else { return XCTFail("got \(error)") }
      XCTAssert(text.contains("conv1.bias"), text)
    }
    XCTAssertEqual(try SmallTask.state(network), before)
  }

  func testRefusals() throws {
    let network = try SmallTask.network()
    func attempt(_ labels: [Int32], _ counts: [Int], first: Int = 0, divisor: Double = 6) throws {
      _ = try network.gradients(
        SmallTask.images, labels: labels, batch: 6, layout: .nhwc,
        share: try BatchShare(
          firstImage: first, shards: try Shards(counts, operation: "gradients"), divisor: divisor),
        options: try options(0))
    }
    for (message, body) in [
      ("label 1 is -2", { try attempt([0, -2, 0, 0, 0, 0], [6]) }),
      ("shards of 5 images", { try attempt(SmallTask.labels, [5]) }),
      ("3 shards", { try attempt(SmallTask.labels, [2, 2, 2]) }),
      ("first image -1", { try attempt(SmallTask.labels, [6], first: -1) }),
      ("divisor nan", { try attempt(SmallTask.labels, [6], divisor: .nan) }),
    ] as [(String, () throws -> Void)] {
      XCTAssertThrowsError(try body()) { error in
        guard case .invalidValue(let text) = error as? EngineError else { return XCTFail("got \(error)") }
        XCTAssert(text.contains(message), text)
      }
    }
    // A place beyond all batches: elements of dropout would have no numbers.
    XCTAssertThrowsError(try attempt(SmallTask.labels, [6], first: 1 << 39)) { error in
      guard case .outOfMemory(let text) = error as? EngineError else { return XCTFail("got \(error)") }
      XCTAssert(text.hasPrefix("dropout: "), text)
    }
  }
}
