import Tensors
import XCTest

@testable import Networks

/// Counts per layer against the published ones (paper, sections 3.5; torchvision; Caffe).
final class AlexNetTests: XCTestCase {
  private struct Row {
    let node: String
    let shape: String
    let parameters: Int
    let macs: Int
  }

  /// Shape inference only: nothing as large as the real networks is initialised.
  private func rows(_ variant: String, imageSize: Int? = nil) throws -> [String: Row] {
    let spec = try AlexNet.variant(variant).spec(imageSize: imageSize)
    let layers = try spec.makeLayers()
    return Dictionary(
      zip(spec.nodes, layers).map { node, layer in
        let parameters = layer.parameters.reduce(0) { $0 + $1.count }
        return (
          node.name, Row(node: node.name, shape: "\(layer.outputShape)", parameters: parameters, macs: layer.macs)
        )
      }, uniquingKeysWith: { first, _ in first })
  }

  private func check(_ variant: String, _ expected: [Row], parameters: Int, macs: Int, imageSize: Int? = nil) throws {
    let rows = try rows(variant, imageSize: imageSize)
    for row in expected {
      XCTAssertEqual(rows[row.node]?.shape, row.shape, "\(variant) \(row.node)")
      XCTAssertEqual(rows[row.node]?.parameters, row.parameters, "\(variant) \(row.node)")
      XCTAssertEqual(rows[row.node]?.macs, row.macs, "\(variant) \(row.node)")
    }
    XCTAssertEqual(rows.values.reduce(0) { $0 + $1.parameters }, parameters, variant)
    XCTAssertEqual(rows.values.reduce(0) { $0 + $1.macs }, macs, variant)
  }

  private let dense = [
    Row(node: "pool5", shape: "256×6×6", parameters: 0, macs: 0),
    Row(node: "fc6", shape: "4096", parameters: 37_752_832, macs: 37_748_736),
    Row(node: "fc7", shape: "4096", parameters: 16_781_312, macs: 16_777_216),
    Row(node: "fc8", shape: "1000", parameters: 4_097_000, macs: 4_096_000),
  ]

  private let twoTowers = [
    Row(node: "conv1", shape: "96×55×55", parameters: 34_944, macs: 105_415_200),
    Row(node: "pool1", shape: "96×27×27", parameters: 0, macs: 0),
    Row(node: "conv2", shape: "256×27×27", parameters: 307_456, macs: 223_948_800),
    Row(node: "pool2", shape: "256×13×13", parameters: 0, macs: 0),
    Row(node: "conv3", shape: "384×13×13", parameters: 885_120, macs: 149_520_384),
    Row(node: "conv4", shape: "384×13×13", parameters: 663_936, macs: 112_140_288),
    Row(node: "conv5", shape: "256×13×13", parameters: 442_624, macs: 74_760_192),
  ]

  func testTwoTowerVariants() throws {
    for variant in ["paper", "caffe", "caffenet"] {
      try check(variant, twoTowers + dense, parameters: 60_965_224, macs: 724_406_816)
    }
  }

  func testPaperTakes227AsWell() throws {
    try check("paper", twoTowers + dense, parameters: 60_965_224, macs: 724_406_816, imageSize: 227)
  }

  func testOneTower() throws {
    let expected = [
      Row(node: "conv1", shape: "96×55×55", parameters: 34_944, macs: 105_415_200),
      Row(node: "conv2", shape: "256×27×27", parameters: 614_656, macs: 447_897_600),
      Row(node: "conv3", shape: "384×13×13", parameters: 885_120, macs: 149_520_384),
      Row(node: "conv4", shape: "384×13×13", parameters: 1_327_488, macs: 224_280_576),
      Row(node: "conv5", shape: "256×13×13", parameters: 884_992, macs: 149_520_384),
    ]
    try check("one_tower", expected + dense, parameters: 62_378_344, macs: 1_135_256_096)
  }

  func testOneWeirdTrick() throws {
    let expected = [
      Row(node: "conv1", shape: "64×55×55", parameters: 23_296, macs: 70_276_800),
      Row(node: "conv2", shape: "192×27×27", parameters: 307_392, macs: 223_948_800),
      Row(node: "conv3", shape: "384×13×13", parameters: 663_936, macs: 112_140_288),
      Row(node: "conv4", shape: "256×13×13", parameters: 884_992, macs: 149_520_384),
      Row(node: "conv5", shape: "256×13×13", parameters: 590_080, macs: 99_680_256),
    ]
    try check("owt", expected + dense, parameters: 61_100_840, macs: 714_188_480)
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

  func testWindowsPastTheEdge() throws {
    guard case .convolution(_, _, _, let padding, _) = try AlexNet.variant("paper").spec().nodes[0].operation else {
      return XCTFail("the first node is a convolution")
    }
    XCTAssertEqual([padding.top, padding.left, padding.bottom, padding.right], [0, 0, 3, 3])
  }

  func testSmallestImageOfTorchvisionsNet() throws {
    XCTAssertNoThrow(try AlexNet.variant("owt").spec(imageSize: 63).makeLayers())
    XCTAssertThrowsError(try AlexNet.variant("owt").spec(imageSize: 62).makeLayers()) { error in
      XCTAssertTrue("\(error)".contains("pool5"), "\(error)")
    }
  }

  func testUnknownVariantNamesTheKnown() {
    XCTAssertThrowsError(try AlexNet.variant("papr")) { error in
      XCTAssertTrue("\(error)".contains("paper, caffe, caffenet, one_tower, owt"), "\(error)")
    }
  }

  func testAnyNumberOfClassesAndChannels() throws {
    let layers = try AlexNet.variant("paper").spec(classes: 7, channels: 1).makeLayers()
    XCTAssertEqual(layers.last?.outputShape, FeatureShape(vector: 7))
    XCTAssertEqual(layers[0].parameters[0].shape, [96, 1, 11, 11])
  }
}
