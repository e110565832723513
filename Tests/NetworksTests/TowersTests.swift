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

  func testANormOverBothTowersReadsTheBorderOfTheOther() throws {
    let segments = try [0, 1].map { try spec("paper").cut(tower: $0, of: 2) }
    XCTAssertEqual(
      segments[1].map { $0.spec.nodes.map(\.name) }.prefix(4).map { $0 },
      [["conv1", "relu1"], ["norm1"], ["pool1", "conv2", "relu2"], ["norm2"]])
    XCTAssertEqual(segments[1].map(\.source).prefix(5).map { $0 }, [.image, .exchanged, .own, .exchanged, .own])
    XCTAssertEqual([segments[0][1].reads, segments[0][1].channels], [0..<50, 0..<48])
    XCTAssertEqual([segments[1][1].reads, segments[1][1].channels], [46..<96, 2..<50])
    XCTAssertEqual([segments[0][3].reads, segments[1][3].reads], [0..<130, 126..<256])
    XCTAssertEqual(segments[1][1].spec.input.channels, 50)
    XCTAssertEqual(segments[1][2].reads, 48..<96)
    XCTAssertEqual(segments[1][2].spec.input.channels, 48)
  }

  /// The window of an even size reaches further down than up; one longer than a tower reads all there is.
  func testHowFarANormReads() throws {
    func reads(size: Int, groups: Int = 1) throws -> [Range<Int>] {
      let norm = try ResponseNormalization(size: size, alpha: 1, beta: 0.75, k: 2, alphaOverN: true)
      let spec = NetworkSpec(
        name: "norms", input: FeatureShape(height: 8, width: 8, channels: 3),
        nodes: [
          NodeSpec("conv1", .convolution(outputs: 12, kernel: 3, stride: 1, padding: Padding(1), groups: 1)),
          NodeSpec("norm1", .responseNorm(norm, groups: groups)), NodeSpec("fc2", .dense(outputs: 3)),
        ])
      return try [0, 1].map { try spec.cut(tower: $0, of: 2)[1].reads }
    }
    XCTAssertEqual(try reads(size: 4), [0..<7, 4..<12])
    XCTAssertEqual(try reads(size: .max), [0..<12, 0..<12])
    XCTAssertEqual(try reads(size: 3, groups: 3), [0..<12, 0..<12])
  }

  func testDropoutKnowsItsPlace() throws {
    let segments = try [0, 1].map { try spec("chm145").cut(tower: $0, of: 2) }
    XCTAssertTrue(segments[0][2].spec.text.contains("form=paper2012 number=1 first=0 width=4096\n"))
    XCTAssertTrue(segments[1][2].spec.text.contains("form=paper2012 number=1 first=2048 width=4096\n"))
    XCTAssertTrue(segments[1][3].spec.text.contains("form=paper2012 number=2 first=2048 width=4096\n"))
    XCTAssertEqual(try NetworkSpec(text: segments[1][3].spec.text), segments[1][3].spec)
    for place in [
      "number=0 first=0 width=8", "number=16777216 first=0 width=8", "number=1 first=-1 width=9",
      "number=1 first=1 width=8", "number=1 first=0 width=7", "number=1 first=\(Int.max) width=\(Int.max)",
      "number=1 first=0 width=\(Int.max)",
    ] {
      let text = """
        network n
        data channels=8 height=4 width=2
        dropout d probability=0.5 form=paper2012 \(place)
        """
      XCTAssertThrowsError(try Network(spec: NetworkSpec(text: text), initialization: .zeros, seed: 0), place)
    }
  }

  func testACutAsText() throws {
    let text = try smallSpec().cut(tower: 0, of: 2).text
    let fields = text.split(separator: "\n").filter { $0.hasPrefix("segment") }
    XCTAssertEqual(
      fields,
      [
        "segment source=image reads=0,3 channels=0,4", "segment source=exchanged reads=0,6 channels=0,4",
        "segment source=own reads=0,4 channels=0,6", "segment source=exchanged reads=0,12 channels=0,8",
        "segment source=exchanged reads=0,16 channels=0,5",
      ])
  }

  func testWeightsGoToTheTowersAndBack() throws {
    for spec in try smallNets() {
      let (whole, copy) = try (
        Network(spec: spec, initialization: .torchvision, seed: 3), Network(spec: spec, initialization: .zeros, seed: 0)
      )
      for tower in 0..<2 {
        for segment in try spec.cut(tower: tower, of: 2) {
          let part = try Network(spec: segment.spec, initialization: .zeros, seed: 0)
          try part.copyParameters(tower: tower, from: whole)
          try part.copyParameters(tower: tower, to: copy)
        }
      }
      for (parameter, other) in zip(whole.parameters, copy.parameters) {
        let values = parameter.withMutableValues { Array($0) }
        XCTAssertEqual(values, other.withMutableValues { Array($0) }, "\(spec.name): \(parameter.name)")
      }
    }
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
    let whole = try Network(spec: smallSpec(), initialization: .zeros, seed: 0)
    for tower in [-1, 2] {
      XCTAssertThrowsError(try part.copyParameters(tower: tower, from: whole))
      XCTAssertThrowsError(try part.copyParameters(tower: tower, to: whole))
    }
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
    let (whole, towers) = try networks(spec, on: variant)
    let image = randomFloats(batch * spec.input.count, seed: 5)
    let halves = try towers.forward(image) { try run($0, $1, batch: batch) }
    return (halves, try run(whole, image, batch: batch))
  }

  /// Masks are the whole network's; the last layer's gradients have its bits, those before a sum over both towers its
  /// numbers.
  func testHalvesTrainAsTheWhole() throws {
    let dropout = DropoutKey(seed: 7, step: 3)
    for spec in try smallNets() {
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let batch = 5
        let (whole, towers) = try networks(spec, on: variant)
        let image = randomFloats(batch * spec.input.count, seed: 5)
        func keeping(_ network: Network, _ x: [Float]) throws -> [Float] {
          var output = [Float](repeating: .nan, count: batch * network.classCount)
          try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: dropout, into: &output)
          return output
        }
        let halves = try towers.forward(image, run: keeping)
        let expected = try keeping(whole, image)
        XCTAssertEqual(halves.map(\.bitPattern), expected.map(\.bitPattern), "\(spec.name), \(variant.name)")
        let gradient = randomFloats(batch * whole.classCount, seed: 6)
        try whole.backward(gradient, batch: batch, layout: .nhwc, accumulate: false, inputGradient: nil)
        try towers.backward(gradient, batch: batch)
        for (tower, networks) in towers.networks.enumerated() {
          for parameter in networks.flatMap(\.parameters) {
            try assertPart(parameter, tower: tower, of: whole, "\(spec.name), \(variant.name)")
          }
        }
      }
    }
  }

  private func assertPart(_ part: Parameter, tower: Int, of whole: Network, _ place: String) throws {
    let parameter = try XCTUnwrap(whole.parameters.first { $0.name == part.name })
    let outputs = (part.shape[0], parameter.shape[0])
    let first = outputs.0 == outputs.1 ? 0 : tower * outputs.0
    let all = Array(try parameter.makeGradient().buffer)
    let expected = taking(first..<first + outputs.0, of: all, channels: outputs.1)
    let found = Array(try part.makeGradient().buffer)
    let largest = all.map(abs).max() ?? 0
    XCTAssertGreaterThan(largest, 0)
    let isLast = parameter.name.hasPrefix("fc8")
    for (value, other) in zip(found, expected) where value != other {
      guard !isLast, abs(value - other) <= 1e-5 * largest else {
        return XCTFail("\(place), \(parameter.name) of tower \(tower): \(value), expected \(other)")
      }
    }
  }

  private func networks(_ spec: NetworkSpec, on variant: KernelVariant) throws -> (Network, TwoTowers) {
    let (table, gemm) = (variant.context.kernels, try variant.context.gemm)
    func network(_ spec: NetworkSpec, _ initialization: Initialization) throws -> Network {
      try Network(spec: spec, initialization: initialization, seed: 3) { ComputeContext(kernels: table, gemm: gemm) }
    }
    let whole = try network(spec, .torchvision)
    return (whole, try TwoTowers(whole) { try network($0, .zeros) })
  }

  private func run(_ network: Network, _ x: [Float], batch: Int) throws -> [Float] {
    var output = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &output)
    return output
  }
}
