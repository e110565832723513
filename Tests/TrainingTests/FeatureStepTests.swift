import Imaging
import Kernels
import Networks
import Tensors
import XCTest

@testable import Training

/// Steps and predictions that begin with a node's outputs give the bits of those that begin with images.
final class FeatureStepTests: XCTestCase {
  private let (batch, labels, images) = (SmallTask.batch, SmallTask.labels, SmallTask.images)

  /// Rates of conv1, fc2 and fc3, each with its bias.
  private func options(step: Int, rates: [Float], precision: Precision = .float32) throws -> StepOptions {
    try StepOptions(
      learningRate: 0, momentum: 0.9, weightDecay: 0, seed: 2, step: UInt64(step), rates: rates,
      decays: rates.map { _ in 5e-4 }, arithmetic: Arithmetic(precision: precision))
  }

  private let behindConvolution: [Float] = [0, 0, 0.05, 0.05, 0.05, 0.05]

  /// Outputs of a node for the images.
  private func features(
    _ network: Network, _ node: String, _ layout: TensorLayout = .nhwc, _ precision: Precision = .float32
  ) throws -> [Float] {
    let shape = try XCTUnwrap(network.summary.first { $0.name == node }).shape
    var output = [Float](repeating: 0, count: batch * shape.count)
    try output.withUnsafeMutableBufferPointer { output in
      try network.capture(
        [node], batch: batch, height: 16, width: 16, layout: layout, arithmetic: Arithmetic(precision: precision),
        input: network.reader(images, layout: .nhwc), into: [try XCTUnwrap(output.baseAddress)])
    }
    return output
  }

  private func precisions() throws -> [Precision] { Precision.trainable(in: try ComputeContext()) }

  func testStepsOnFeaturesGiveTheBitsOfStepsOnImages() throws {
    for precision in try precisions() {
      for layout in [TensorLayout.nhwc, .nchw] {
        let (direct, cached) = (try SmallTask.network(), try SmallTask.network())
        let kept = try features(cached, "pool1", layout, precision)
        for step in 0..<6 {
          let options = try options(step: step, rates: behindConvolution, precision: precision)
          let expected = try direct.trainStep(images, labels: labels, batch: batch, layout: .nhwc, options: options)
          let found = try cached.trainStep(
            features: kept, after: "pool1", labels: labels, batch: batch, layout: layout, options: options)
          XCTAssertEqual(found.loss, expected.loss)
          XCTAssertEqual(found.top1Error, expected.top1Error)
        }
        XCTAssertEqual(try SmallTask.state(cached), try SmallTask.state(direct))
        XCTAssertEqual(
          try probabilities(cached, kept, "pool1", layout, precision),
          try probabilities(direct, precision))
      }
    }
  }

  private func probabilities(_ network: Network, _ precision: Precision) throws -> [Float] {
    var output = [Float](repeating: 0, count: batch * network.classCount)
    try network.probabilities(
      batch: batch, arithmetic: Arithmetic(precision: precision), input: network.reader(images, layout: .nhwc),
      into: &output)
    return output
  }

  private func probabilities(
    _ network: Network, _ features: [Float], _ node: String, _ layout: TensorLayout, _ precision: Precision = .float32
  ) throws -> [Float] {
    var output = [Float](repeating: 0, count: batch * network.classCount)
    try network.probabilities(
      features: features, after: node, batch: batch, layout: layout, arithmetic: Arithmetic(precision: precision),
      into: &output)
    return output
  }

  /// Steps on images and on features can alternate, and so can steps with other layers frozen.
  func testStepsOfBothKindsAlternate() throws {
    let (direct, mixed) = (try SmallTask.network(), try SmallTask.network())
    let kept = try features(mixed, "pool1")
    for step in 0..<6 {
      let options = try options(step: step, rates: behindConvolution)
      _ = try direct.trainStep(images, labels: labels, batch: batch, layout: .nhwc, options: options)
      if step.isMultiple(of: 2) {
        _ = try mixed.trainStep(images, labels: labels, batch: batch, layout: .nhwc, options: options)
      } else {
        _ = try mixed.trainStep(
          features: kept, after: "pool1", labels: labels, batch: batch, layout: .nhwc, options: options)
      }
    }
    XCTAssertEqual(try SmallTask.state(mixed), try SmallTask.state(direct))
  }

  /// The backward pass ends at the first trained layer: those before it get no gradients, and the others the same bits.
  func testNoGradientsBeforeTheFirstTrainedLayer() throws {
    let (partly, wholly) = (try SmallTask.network(), try SmallTask.network())
    let rates = behindConvolution
    for step in 0..<4 {
      _ = try partly.trainStep(
        images, labels: labels, batch: batch, layout: .nhwc, options: try options(step: step, rates: rates))
      // A tiny rate at the front makes the gradients go all the way, and rounds away.
      let everywhere: [Float] = [1e-38, 1e-38] + rates.dropFirst(2)
      _ = try wholly.trainStep(
        images, labels: labels, batch: batch, layout: .nhwc, options: try options(step: step, rates: everywhere))
    }
    let values = { (network: Network) in network.parameters.map { Array($0.value.buffer) } }
    XCTAssertEqual(values(partly), values(wholly))
    XCTAssertEqual(partly.parameters.prefix(2).map(\.gradientBytes), [0, 0])
    XCTAssertNotEqual(wholly.parameters[0].gradientBytes, 0)
    XCTAssertLessThan(partly.activationBytes, wholly.activationBytes)
  }

  func testSteadyStepsAllocateNothing() throws {
    for precision in try precisions() {
      let network = try SmallTask.network()
      let kept = try features(network, "pool1", .nchw, precision)
      func step(_ index: Int) throws {
        _ = try network.trainStep(
          features: kept, after: "pool1", labels: labels, batch: batch, layout: .nchw,
          options: try options(step: index, rates: behindConvolution, precision: precision))
      }
      try step(0)
      let allocations = TensorMemory.allocationCount
      for index in 1..<5 { try step(index) }
      XCTAssertEqual(TensorMemory.allocationCount, allocations)
    }
  }

  func testRefusals() throws {
    let network = try SmallTask.network()
    let kept = try features(network, "pool1")
    let before = try SmallTask.state(network)
    func step(_ node: String, _ rates: [Float]) throws {
      _ = try network.trainStep(
        features: kept, after: node, labels: labels, batch: batch, layout: .nhwc,
        options: try options(step: 0, rates: rates))
    }
    for (node, rates, message) in [
      ("pool9", behindConvolution, "no node 'pool9'"),
      ("fc3", behindConvolution, "got features of fc3, expected those of a node before fc3"),
      ("prob", behindConvolution, "got features of prob"),
      ("pool1", [0, 0.1, 0.1, 0.1, 0.1, 0.1], "conv1.bias is trained, but the step begins behind it with fc2"),
      ("drop2", behindConvolution, "fc2.weight is trained, but the step begins behind it with fc3"),
    ] as [(String, [Float], String)] {
      XCTAssertThrowsError(try step(node, rates)) { XCTAssertTrue("\($0)".contains(message), "\($0)") }
    }
    XCTAssertEqual(try SmallTask.state(network), before)
    network.parameters[2].withMutableValues { $0[0] = .nan }
    XCTAssertThrowsError(try probabilities(network, kept, "pool1", .nhwc)) { error in
      XCTAssertTrue("\(error)".contains("predict: a probability is nan: fc2.weight holds nan"), "\(error)")
    }
  }

  func testViewsOfAnAugmentation() throws {
    XCTAssertEqual(try Augmentation(randomCrop: false, flip: false).views, .center)
    XCTAssertEqual(try Augmentation(randomCrop: false, flip: true).views, .centerAndMirror)
    for many in [
      try Augmentation(), try Augmentation(randomCrop: false, colorNoise: 0.1),
      try Augmentation(randomCrop: false, rotation: 3), try Augmentation(randomCrop: false, shift: 1),
    ] { XCTAssertNil(many.views) }
    for chunk in [1, 3] {
      let augmentation = try Augmentation(randomCrop: false, chunk: chunk)
      let views = (0..<60).map { augmentation.view(seed: 3, step: 5, index: UInt64($0)) }
      XCTAssertEqual(Set(views), [0, 1])
      XCTAssertTrue((0..<60).allSatisfy { views[$0] == views[$0 / chunk * chunk] })
    }
  }
}
