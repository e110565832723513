import XCTest

@testable import Networks

/// Counts of Simonyan, Zisserman 2014: parameters of table 2 to the last digit (torchvision has the same for A, B, D
/// and E), multiply-accumulates at 224 × 224.
final class VGGTests: XCTestCase {
  private let dense = [
    CountRow("pool5", "512×7×7"), CountRow("fc6", "4096", 102_764_544, 102_760_448),
    CountRow("fc7", "4096", 16_781_312, 16_777_216), CountRow("fc8", "1000", 4_097_000, 4_096_000),
  ]

  func testCountsOfEveryVariant() throws {
    let expected = [
      ("A", 132_863_336, 7_609_090_048), ("A-LRN", 132_863_336, 7_609_090_048), ("B", 133_047_848, 11_308_466_176),
      ("C", 133_638_952, 11_770_888_192), ("D", 138_357_544, 15_470_264_320), ("E", 143_667_240, 19_632_062_464),
    ]
    XCTAssertEqual(VGG.variants.map(\.name), expected.map(\.0))
    for (variant, parameters, macs) in expected {
      try assertCounts(VGG.variant(variant).spec(), dense, parameters: parameters, macs: macs)
    }
  }

  func testLayersOfA() throws {
    let rows = [
      CountRow("conv1_1", "64×224×224", 1_792, 86_704_128), CountRow("conv2_1", "128×112×112", 73_856, 924_844_032),
      CountRow("conv3_1", "256×56×56", 295_168, 924_844_032), CountRow("conv3_2", "256×56×56", 590_080, 1_849_688_064),
      CountRow("conv4_1", "512×28×28", 1_180_160, 924_844_032),
      CountRow("conv4_2", "512×28×28", 2_359_808, 1_849_688_064),
      CountRow("conv5_1", "512×14×14", 2_359_808, 462_422_016),
      CountRow("conv5_2", "512×14×14", 2_359_808, 462_422_016),
    ]
    try assertCounts(VGG.variant("A").spec(), rows + dense, parameters: 132_863_336, macs: 7_609_090_048)
  }

  func testPointwiseLayersOfC() throws {
    let rows = [
      CountRow("conv1_2", "64×224×224", 36_928, 1_849_688_064),
      CountRow("conv2_2", "128×112×112", 147_584, 1_849_688_064),
      CountRow("conv3_3", "256×56×56", 65_792, 205_520_896), CountRow("conv4_3", "512×28×28", 262_656, 205_520_896),
      CountRow("conv5_3", "512×14×14", 262_656, 51_380_224),
    ]
    try assertCounts(VGG.variant("C").spec(), rows + dense, parameters: 133_638_952, macs: 11_770_888_192)
  }

  func testNodes() throws {
    XCTAssertEqual(
      try VGG.variant("A").spec().nodes.map(\.name),
      [
        "conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1", "pool2", "conv3_1", "relu3_1", "conv3_2", "relu3_2",
        "pool3", "conv4_1", "relu4_1", "conv4_2", "relu4_2", "pool4", "conv5_1", "relu5_1", "conv5_2", "relu5_2",
        "pool5", "fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8", "prob",
      ])
    XCTAssertEqual(
      try VGG.variant("A-LRN").spec().nodes.map(\.name).prefix(4), ["conv1_1", "relu1_1", "norm1_1", "pool1"])
    let text = try VGG.variant("A-LRN").spec().text
    XCTAssertTrue(
      text.contains("response_norm norm1_1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1"), text)
    XCTAssertEqual(try VGG.variant("E").spec().nodes.filter(\.operation.spec.isWeighted).count, 19)
  }

  /// The authors' toolbox derives from Caffe; torchvision and Keras use the same form.
  func testDropoutIsInverted() throws {
    for variant in VGG.variants {
      let spec = try variant.spec()
      XCTAssertEqual(
        spec.nodes.filter { $0.name.hasPrefix("drop") }.map(\.operation),
        [.dropout(probability: 0.5, form: .inverted), .dropout(probability: 0.5, form: .inverted)], variant.name)
    }
    let network = try Network(
      spec: VGG.variant("A").spec(classes: 2, imageSize: 32), initialization: .named("zeros"), seed: 0)
    let details = network.summary.filter { $0.kind == "dropout" }.map(\.detail)
    XCTAssertEqual(details, Array(repeating: "p 0.5, inverted (scaled in training)", count: 2))
  }

  /// 225 pixels: 112.5, 56.5 … are rounded, and Caffe's last window extends past the edge.
  func testPoolsRoundEitherWay() throws {
    func sides(_ imageSize: Int, _ ceilMode: Bool?) throws -> [Int] {
      let spec = try VGG.variant("D").spec(imageSize: imageSize, ceilMode: ceilMode)
      return zip(spec.nodes, try spec.outputShapes()).filter { $0.0.name.hasPrefix("pool") }.map(\.1.height)
    }
    XCTAssertEqual(try sides(225, true), [113, 57, 29, 15, 8])
    XCTAssertEqual(try sides(225, false), [112, 56, 28, 14, 7])
    XCTAssertEqual(try sides(225, nil), try sides(225, false))
    XCTAssertEqual(try sides(224, true), try sides(224, false))
    let spec = try VGG.variant("A").spec(classes: 2, imageSize: 33, ceilMode: true)
    XCTAssertEqual(try NetworkSpec(text: spec.text), spec)
    let network = try Network(spec: spec, initialization: .named("zeros"), seed: 0)
    XCTAssertEqual(network.summary.first { $0.name == "pool1" }?.detail, "2×2, stride 2, rounded up")
    // Some images are large enough when rounding up but not when rounding down.
    XCTAssertNoThrow(try VGG.variant("A").spec(imageSize: 17, ceilMode: true).makeLayers())
  }

  func testDefaultInitialization() {
    for variant in VGG.variants { XCTAssertEqual(variant.defaultInitialization.name, "glorot", variant.name) }
  }

  func testSmallestImage() throws {
    XCTAssertNoThrow(try VGG.variant("A").spec(imageSize: 32).makeLayers())
    XCTAssertThrowsError(try VGG.variant("A").spec(imageSize: 31).makeLayers())
  }
}
