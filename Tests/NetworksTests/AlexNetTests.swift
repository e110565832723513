import Kernels
import Tensors
import XCTest

@testable import Networks

/// Counts per layer against the published ones (paper, section 3.5; torchvision; Caffe) or derived by hand: a
/// convolution has k·k·in/groups·out weights, and as many multiply-accumulates times the pixels of its output.
final class AlexNetTests: XCTestCase {
  private func check(_ variant: String, _ rows: [CountRow], parameters: Int, macs: Int, imageSize: Int? = nil) throws {
    try assertCounts(
      AlexNet.variant(variant).spec(imageSize: imageSize), rows, parameters: parameters, macs: macs)
  }

  private let dense = [
    CountRow("pool5", "256×6×6"), CountRow("fc6", "4096", 37_752_832, 37_748_736),
    CountRow("fc7", "4096", 16_781_312, 16_777_216), CountRow("fc8", "1000", 4_097_000, 4_096_000),
  ]

  private let twoTowers = [
    CountRow("conv1", "96×55×55", 34_944, 105_415_200), CountRow("pool1", "96×27×27"),
    CountRow("conv2", "256×27×27", 307_456, 223_948_800), CountRow("pool2", "256×13×13"),
    CountRow("conv3", "384×13×13", 885_120, 149_520_384), CountRow("conv4", "384×13×13", 663_936, 112_140_288),
    CountRow("conv5", "256×13×13", 442_624, 74_760_192),
  ]

  func testTwoTowerVariants() throws {
    for variant in ["paper", "chm145", "no_lrn", "caffe", "caffenet"] {
      try check(variant, twoTowers + dense, parameters: 60_965_224, macs: 724_406_816)
    }
  }

  /// As in each row's source: the paper and cuda-convnet scale at test time, Caffe, torchvision and Dive into Deep
  /// Learning in training.
  func testFormsOfDropout() throws {
    let inverted: Set = ["caffe", "caffenet", "owt", "d2l"]
    for variant in AlexNet.variants {
      let forms = try variant.spec().nodes.compactMap { ($0.operation.spec as? DropoutSpec)?.form }
      let expected: Dropout.Form = inverted.contains(variant.name) ? .inverted : .paper2012
      XCTAssertEqual(forms, [expected, expected], variant.name)
    }
  }

  func testPaperTakes227AsWell() throws {
    for variant in ["paper", "chm145"] {
      try check(variant, twoTowers + dense, parameters: 60_965_224, macs: 724_406_816, imageSize: 227)
    }
  }

  func testOneTower() throws {
    let expected = [
      CountRow("conv1", "96×55×55", 34_944, 105_415_200), CountRow("conv2", "256×27×27", 614_656, 447_897_600),
      CountRow("conv3", "384×13×13", 885_120, 149_520_384), CountRow("conv4", "384×13×13", 1_327_488, 224_280_576),
      CountRow("conv5", "256×13×13", 884_992, 149_520_384),
    ]
    try check("one_tower", expected + dense, parameters: 62_378_344, macs: 1_135_256_096)
  }

  func testOneWeirdTrick() throws {
    let expected = [
      CountRow("conv1", "64×55×55", 23_296, 70_276_800), CountRow("conv2", "192×27×27", 307_392, 223_948_800),
      CountRow("conv3", "384×13×13", 663_936, 112_140_288), CountRow("conv4", "256×13×13", 884_992, 149_520_384),
      CountRow("conv5", "256×13×13", 590_080, 99_680_256),
    ]
    try check("owt", expected + dense, parameters: 61_100_840, macs: 714_188_480)
  }

  /// Half the kernels of conv1 to conv4, no groups: conv2 5·5·48·128 + 128, conv3 3·3·128·192 + 192,
  /// conv4 3·3·192·192 + 192, conv5 3·3·192·256 + 256.
  func testOneGPU() throws {
    let expected = [
      CountRow("conv1", "48×55×55", 17_472, 52_707_600), CountRow("conv2", "128×27×27", 153_728, 111_974_400),
      CountRow("conv3", "192×13×13", 221_376, 37_380_096), CountRow("conv4", "192×13×13", 331_968, 56_070_144),
      CountRow("conv5", "256×13×13", 442_624, 74_760_192),
    ]
    try check("one_gpu", expected + dense, parameters: 59_798_312, macs: 391_514_384)
  }

  /// 55 → 28 → conv2 with one pixel less of padding 26 → 13 → conv5 without padding 11 → 6. Only two convolutions have
  /// a different number of pixels: conv2 307,200 · 26², conv5 442,368 · 11².
  func testNonOverlapping() throws {
    let expected = [
      CountRow("conv1", "96×55×55", 34_944, 105_415_200), CountRow("pool1", "96×28×28"),
      CountRow("conv2", "256×26×26", 307_456, 207_667_200), CountRow("pool2", "256×13×13"),
      CountRow("conv3", "384×13×13", 885_120, 149_520_384), CountRow("conv4", "384×13×13", 663_936, 112_140_288),
      CountRow("conv5", "256×11×11", 442_624, 53_526_528),
    ]
    try check("non_overlapping", expected + dense, parameters: 60_965_224, macs: 686_891_552)
  }

  /// conv2 5·5·48·320, conv3 3·3·160·384, fc6 6·6·128·8192, fc7 4096·4096: each tower reads its own half.
  func testTowersApart() throws {
    let expected = [
      CountRow("conv1", "96×55×55", 34_944, 105_415_200), CountRow("conv2", "320×27×27", 384_320, 279_936_000),
      CountRow("conv3", "384×13×13", 553_344, 93_450_240), CountRow("conv4", "384×13×13", 663_936, 112_140_288),
      CountRow("conv5", "256×13×13", 442_624, 74_760_192), CountRow("pool5", "256×6×6"),
      CountRow("fc6", "8192", 37_756_928, 37_748_736), CountRow("fc7", "4096", 16_781_312, 16_777_216),
      CountRow("fc8", "1000", 4_097_000, 4_096_000),
    ]
    try check("towers_apart", expected, parameters: 60_714_408, macs: 724_323_872)
  }

  /// conv6 3·3·256·256 + 256 on 6 × 6 pixels; fc8 4097 · 10,184.
  func testSixthConvolution() throws {
    let expected =
      twoTowers + dense.dropLast() + [
        CountRow("conv6", "256×6×6", 590_080, 21_233_664), CountRow("fc8", "10184", 41_723_848, 41_713_664),
      ]
    try check("conv6", expected, parameters: 99_182_152, macs: 783_258_144)
    let nodes = try AlexNet.variant("conv6").spec().nodes.map(\.name)
    XCTAssertEqual(nodes[15...19], ["relu5", "conv6", "relu_conv6", "fc6", "relu6"])
  }

  /// One channel at 224 with one pixel of padding: 54 → 26 → 12 → 5, windows rounded down; fc6 reads 5·5·256 = 6400.
  /// conv1 11·11·96 + 96, conv2 5·5·96·256 + 256.
  func testDiveIntoDeepLearning() throws {
    let expected = [
      CountRow("conv1", "96×54×54", 11_712, 33_872_256), CountRow("pool1", "96×26×26"),
      CountRow("conv2", "256×26×26", 614_656, 415_334_400), CountRow("pool2", "256×12×12"),
      CountRow("conv3", "384×12×12", 885_120, 127_401_984), CountRow("conv4", "384×12×12", 1_327_488, 191_102_976),
      CountRow("conv5", "256×12×12", 884_992, 127_401_984), CountRow("pool5", "256×5×5"),
      CountRow("fc6", "4096", 26_218_496, 26_214_400), CountRow("fc7", "4096", 16_781_312, 16_777_216),
      CountRow("fc8", "10", 40_970, 40_960),
    ]
    try check("d2l", expected, parameters: 46_764_746, macs: 938_146_176)
  }

  func testOrderOfNormAndPool() throws {
    func order(_ variant: String) throws -> [String] {
      try AlexNet.variant(variant).spec().nodes.map(\.name).prefix(4).map { $0 }
    }
    XCTAssertEqual(try order("paper"), ["conv1", "relu1", "norm1", "pool1"])
    XCTAssertEqual(try order("caffe"), ["conv1", "relu1", "norm1", "pool1"])
    XCTAssertEqual(try order("caffenet"), ["conv1", "relu1", "pool1", "norm1"])
    XCTAssertEqual(try order("owt"), ["conv1", "relu1", "pool1", "conv2"])
  }

  private let run145 = [
    "conv1", "norm1", "pool1", "relu1", "conv2", "relu2", "norm2", "spatial_norm2", "pool2", "conv3", "relu3", "conv4",
    "relu4", "conv5", "pool5", "relu5", "fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8", "prob",
  ]

  func testOrderOfTheAuthorsRun() throws {
    for variant in ["chm145", "one_gpu", "non_overlapping", "towers_apart"] {
      XCTAssertEqual(try AlexNet.variant(variant).spec().nodes.map(\.name), run145, variant)
    }
    let withoutNorms = run145.filter { !$0.contains("norm") }
    XCTAssertEqual(try AlexNet.variant("no_lrn").spec().nodes.map(\.name), withoutNorms)
  }

  func testNormsOfTheAuthorsRun() throws {
    func norm(_ variant: String, _ node: String) throws -> ResponseNormSpec {
      let found = try AlexNet.variant(variant).spec().nodes.first { $0.name == node }
      return try XCTUnwrap(found?.operation.spec as? ResponseNormSpec)
    }
    let text = try AlexNet.variant("chm145").spec().text
    for line in [
      "response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=1 groups=2",
      "response_norm norm2 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=1 groups=2",
      "spatial_response_norm spatial_norm2 size=5 alpha=0.001 beta=0.75 k=1.0 alpha_over_n=1",
    ] { XCTAssertTrue(text.contains(line), "\(text) lacks \(line)") }
    XCTAssertEqual(try norm("one_gpu", "norm1").groups, 1)
    let printed = try norm("paper", "norm2")
    XCTAssertEqual(printed.groups, 1)
    XCTAssertFalse(printed.norm.alphaOverN)
  }

  func testWindowsPastTheEdge() throws {
    let first = try AlexNet.variant("paper").spec().nodes[0]
    let padding = try XCTUnwrap(first.operation.spec as? ConvolutionSpec).padding
    XCTAssertEqual([padding.top, padding.left, padding.bottom, padding.right], [0, 0, 3, 3])
  }

  func testSmallestImageOfTorchvisionsNet() throws {
    XCTAssertNoThrow(try AlexNet.variant("owt").spec(imageSize: 63).makeLayers())
    XCTAssertThrowsError(try AlexNet.variant("owt").spec(imageSize: 62).makeLayers()) { error in
      XCTAssertTrue("\(error)".contains("pool5"), "\(error)")
    }
  }

  func testTowersApartFitTheirMap() throws {
    XCTAssertThrowsError(try AlexNet.variant("towers_apart").spec(imageSize: 20)) { error in
      XCTAssertTrue("\(error)".contains("node"), "\(error)")
    }
    let layers = try AlexNet.variant("towers_apart").spec(classes: 7, imageSize: 99).makeLayers()
    XCTAssertEqual(layers.last?.outputShape, FeatureShape(vector: 7))
  }

  func testAnyNumberOfClassesAndChannels() throws {
    let layers = try AlexNet.variant("paper").spec(classes: 7, channels: 1).makeLayers()
    XCTAssertEqual(layers.last?.outputShape, FeatureShape(vector: 7))
    XCTAssertEqual(layers[0].parameters[0].shape, [96, 1, 11, 11])
  }
}
