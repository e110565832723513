import Kernels
import Tensors
import TestSupport
import XCTest

@testable import Networks

final class TowersTests: XCTestCase {
  private func spec(_ variant: String, imageSize: Int? = nil, classes: Int = 1000) throws -> NetworkSpec {
    try AlexNet.variant(variant).spec(classes: classes, imageSize: imageSize)
  }

  func testWhereTowersTalk() throws {
    let printed = ["norm1", "norm2", "conv3", "fc6", "fc7", "fc8"]
    XCTAssertEqual(try spec("chm145").crossings(towers: 2), ["conv3", "fc6", "fc7", "fc8"])
    XCTAssertEqual(try spec("non_overlapping").crossings(towers: 2), ["conv3", "fc6", "fc7", "fc8"])
    XCTAssertEqual(try spec("conv6").crossings(towers: 2), ["conv3", "conv6", "fc6", "fc7", "fc8"])
    XCTAssertEqual(try spec("paper").crossings(towers: 2), printed)
    XCTAssertEqual(try spec("towers_apart").crossings(towers: 2), ["fc8"])
    XCTAssertEqual(try spec("chm145").crossings(towers: 1), ["fc8"])
    XCTAssertEqual(
      try spec("one_gpu").crossings(towers: 2),
      ["norm1", "conv2", "norm2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"])
    XCTAssertEqual(
      try CIFARNet.variant("conv-local-13pct").spec().crossings(towers: 2), ["conv2", "local3", "local4", "fc10"])
  }

  func testSummariesSayWhichNodesReadBothTowers() throws {
    let network = try Network(spec: spec("chm145", imageSize: 67, classes: 7), initialization: .zeros, seed: 0)
    let marked = network.summary.filter { $0.detail.contains("both towers") }
    XCTAssertEqual(marked.map(\.name), ["conv3", "fc6", "fc7", "fc8"])
    XCTAssertEqual(marked.map(\.detail).prefix(2).map { $0 }, ["3×3, stride 1, pad 1, both towers", "both towers"])
    let single = try Network(spec: spec("one_gpu", imageSize: 67, classes: 7), initialization: .zeros, seed: 0)
    XCTAssertFalse(single.summary.contains { $0.detail.contains("towers") })
  }

  func testSegmentsOfTheAuthorsRun() throws {
    let whole = try spec("chm145", classes: 7)
    for tower in 0..<2 {
      let segments = try whole.cut(tower: tower, of: 2)
      let first = segments.map { $0.spec.nodes.first?.name }
      XCTAssertEqual(first, tower == 0 ? ["conv1", "conv3", "fc6", "fc7", "fc8"] : ["conv1", "conv3", "fc6", "fc7"])
      XCTAssertEqual(segments.map(\.source), [.image] + first.dropFirst().map { _ in .exchanged })
      let inputs = segments.map { "\($0.spec.input)" }
      XCTAssertEqual(inputs, Array(["3×224×224", "256×13×13", "256×6×6", "4096", "4096"].prefix(segments.count)))
      let outputs = try segments.map { try $0.spec.outputShapes().last }.map { "\($0?.description ?? "")" }
      XCTAssertEqual(outputs, Array(["128×13×13", "128×6×6", "2048", "2048", "7"].prefix(segments.count)))
      XCTAssertTrue(
        segments[0].spec.text.contains("convolution conv2 outputs=128 kernel=5 stride=1 pad=2,2,2,2 groups=1"))
      XCTAssertTrue(segments[0].spec.text.contains("k=2.0 alpha_over_n=1 groups=1"))
    }
  }

  func testANormOverBothTowersIsComputedWhole() throws {
    let segments = try spec("paper").cut(tower: 1, of: 2)
    XCTAssertEqual(
      segments.map { $0.spec.nodes.map(\.name) }.prefix(4).map { $0 },
      [["conv1", "relu1"], ["norm1"], ["pool1", "conv2", "relu2"], ["norm2"]])
    XCTAssertEqual(segments.map(\.source).prefix(5).map { $0 }, [.image, .exchanged, .own, .exchanged, .own])
    XCTAssertEqual(segments[1].channels, 48..<96)
    XCTAssertEqual(segments[1].spec.input.channels, 96)
    XCTAssertEqual(segments[2].spec.input.channels, 48)
  }

  func testRefusals() throws {
    let odd = NetworkSpec(
      name: "odd", input: FeatureShape(height: 8, width: 8, channels: 3),
      nodes: [
        NodeSpec("conv1", .convolution(outputs: 5, kernel: 3, stride: 1, padding: Padding(1), groups: 1)),
        NodeSpec("fc2", .dense(outputs: 3)),
      ])
    XCTAssertThrowsError(try odd.cut(tower: 0, of: 2)) { error in
      XCTAssertTrue("\(error)".contains("conv1 has 5 channels, expected a multiple of 2"), "\(error)")
    }
    XCTAssertThrowsError(try odd.cut(tower: 2, of: 2))
    XCTAssertThrowsError(try odd.cut(tower: 0, of: 0))
    let part = try Network(spec: smallSpec().cut(tower: 0, of: 2)[0].spec, initialization: .zeros, seed: 0)
    XCTAssertThrowsError(try part.copyParameters(tower: 0, from: Network(spec: odd, initialization: .zeros, seed: 0)))
  }

  private func smallNets() throws -> [NetworkSpec] {
    [
      try spec("chm145", imageSize: 67, classes: 7), try spec("paper", imageSize: 83, classes: 7),
      try spec("towers_apart", imageSize: 67, classes: 7).without(["fc7"]), try smallSpec(),
    ]
  }

  func testHalvesGiveTheWholesBits() throws {
    for spec in try smallNets() {
      for variant in KernelVariant.all(withOpenBLAS: false) {
        for batch in [1, 9] {
          let (halves, whole) = try logits(spec, batch: batch, on: variant)
          XCTAssertEqual(halves.map(\.bitPattern), whole.map(\.bitPattern), "\(spec.name), \(variant.name)")
        }
      }
    }
  }

  /// OpenBLAS chooses kernels by the number of outputs: the same numbers, rounded differently.
  func testOpenBLASAgreesToRounding() throws {
    let openBLAS = try XCTUnwrap(KernelVariant.all().last)
    for spec in try smallNets() {
      let (halves, whole) = try logits(spec, batch: 9, on: openBLAS)
      let largest = whole.map(abs).max() ?? 0
      for (part, expected) in zip(halves, whole) {
        XCTAssertEqual(part, expected, accuracy: 1e-5 * largest, spec.name)
      }
    }
  }

  /// Logits of both halves computed separately, communicating only at the crossings, and of the whole network.
  private func logits(
    _ spec: NetworkSpec, batch: Int, on variant: KernelVariant
  ) throws -> (halves: [Float], whole: [Float]) {
    let (table, gemm) = (variant.context.kernels, try variant.context.gemm)
    func network(_ spec: NetworkSpec, _ initialization: Initialization) throws -> Network {
      try Network(spec: spec, initialization: initialization, seed: 3) { ComputeContext(kernels: table, gemm: gemm) }
    }
    let whole = try network(spec, .torchvision)
    let image = randomFloats(batch * spec.input.count, seed: 5)
    let halves = try (0..<2).map { try spec.cut(tower: $0, of: 2) }
    XCTAssertEqual(halves[0].count, halves[1].count + 1, "tower 0 makes the logits alone")
    var (own, exchanged) = ([image, image], image)
    for step in halves[0].indices {
      let segments = halves.compactMap { step < $0.count ? $0[step] : nil }
      own = try segments.enumerated().map { tower, segment in
        let part = try network(segment.spec, .zeros)
        try part.copyParameters(tower: tower, from: whole)
        let input = segment.source == .own ? own[tower] : segment.source == .image ? image : exchanged
        return try taking(segment, of: run(part, input, batch: batch))
      }
      if own.count == 2 { exchanged = joined(own, channels: segments[0].channels.count) }
    }
    return (own[0], try run(whole, image, batch: batch))
  }

  private func run(_ network: Network, _ x: [Float], batch: Int) throws -> [Float] {
    var output = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &output)
    return output
  }

  private func taking(_ segment: TowerSegment, of output: [Float]) throws -> [Float] {
    let channels = try segment.spec.outputShapes().last?.channels ?? 0
    let pixels = output.count / channels
    var part = [Float](repeating: .nan, count: pixels * segment.channels.count)
    TowerExchange.take(segment.channels, of: output, pixels: pixels, channels: channels, into: &part)
    return part
  }

  private func joined(_ parts: [[Float]], channels: Int) -> [Float] {
    var whole = [Float](repeating: .nan, count: 2 * parts[0].count)
    parts[0].withUnsafeBufferPointer { first in
      parts[1].withUnsafeBufferPointer { second in
        let pointers = [first, second].compactMap(\.baseAddress)
        TowerExchange.join(pointers, pixels: parts[0].count / channels, channels: channels, into: &whole)
      }
    }
    return whole
  }
}
