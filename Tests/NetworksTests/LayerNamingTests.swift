import Imaging
import XCTest

@testable import Networks

final class LayerNamingTests: XCTestCase {
  private func names(_ variant: String, _ naming: LayerNaming) throws -> [String: String] {
    Dictionary(uniqueKeysWithValues: try Catalog.layerNames(of: variant, naming).map { ($0.theirs, $0.ours) })
  }

  /// torchvision: vgg16().features[28] is the last convolution, vgg19's is features[34], vgg11's features[18].
  func testTorchvision() throws {
    let cases = [
      ("vgg-D", "features.28", "conv5_3"), ("vgg-D", "features.30", "pool5"), ("vgg-E", "features.34", "conv5_4"),
      ("vgg-A", "features.18", "conv5_2"), ("vgg-B", "features.22", "conv5_2"), ("vgg-D", "classifier.3", "fc7"),
      ("owt", "features.6", "conv3"), ("owt", "features.12", "pool5"), ("owt", "classifier.6", "fc8"),
      // There, dropout comes before the dense layers.
      ("owt", "classifier.0", "drop5"), ("owt", "classifier.3", "drop6"),
    ]
    for (variant, theirs, ours) in cases { XCTAssertEqual(try names(variant, .torchvision)[theirs], ours, theirs) }
    XCTAssertEqual(try names("owt", .torchvision).count, 20)
    XCTAssertEqual(try names("vgg-D", .torchvision).count, 38)
  }

  func testKeras() throws {
    let cases = [
      ("block1_conv1", "relu1_1"), ("block5_conv3", "relu5_3"), ("block3_pool", "pool3"), ("fc2", "relu7"),
      ("predictions", "prob"),
    ]
    for (theirs, ours) in cases { XCTAssertEqual(try names("vgg-D", .keras)[theirs], ours) }
    XCTAssertEqual(try names("vgg-E", .keras)["block5_conv4"], "relu5_4")
  }

  /// Every name returned must be a node's.
  func testOursAreNodes() throws {
    for variant in Catalog.all {
      let nodes = Set(try variant.spec().nodes.map(\.name))
      for naming in LayerNaming.allCases {
        let names = try variant.layerNames(naming)
        XCTAssertEqual(names.isEmpty, !variant.namings.contains(naming))
        XCTAssertTrue(nodes.isSuperset(of: names.map(\.ours)), variant.catalogName)
        XCTAssertEqual(Set(names.map(\.theirs)).count, names.count)
      }
    }
    XCTAssertEqual(
      LayerNaming.allCases.map { naming in Catalog.all.filter { $0.namings.contains(naming) }.map(\.catalogName) },
      [["owt", "vgg-A", "vgg-B", "vgg-D", "vgg-E"], ["vgg-D", "vgg-E"]])
    XCTAssertTrue(try Catalog.layerNames(of: "somebody's", .torchvision).isEmpty)
  }

  func testPreprocessingOfTheRows() {
    let rows: [(PreprocessingDefaults, [String])] = [
      (.paper, ["paper", "one_tower"]), (.caffe, ["caffe", "caffenet"]), (.torchvision, ["owt"]),
      (.diveIntoDeepLearning, ["d2l"]), (.vgg, VGG.variants.map(\.catalogName)),
      (.cifar, ["cifar-80sec", "cifar-18pct", "cifar-19pct"]),
      (.cifarCrops, ["cifar-conv-local-13pct", "cifar-conv-local-11pct"]),
    ]
    let special = Dictionary(uniqueKeysWithValues: rows.flatMap { row in row.1.map { ($0, row.0) } })
    for variant in Catalog.all {
      XCTAssertEqual(variant.preprocessing, special[variant.catalogName] ?? .cudaConvnet, variant.catalogName)
    }
    XCTAssertEqual(Catalog.preprocessing(of: "somebody's"), .cudaConvnet)
  }

  func testNearestNames() {
    let cases: [(String, [String], Bool, String?)] = [
      ("VGG16", ["A", "B", "C", "D", "E"], true, "D"), ("vgg-16", ["vgg-A", "vgg-D"], true, "vgg-D"),
      ("vgg16", ["vgg", "vgg-384"], true, "vgg"), ("papr", ["caffe", "paper"], false, "paper"),
      ("xyz", ["caffe", "paper"], false, nil), ("xyz", ["caffe", "paper"], true, "caffe"), ("xyz", [], true, nil),
    ]
    for (name, known, evenIfFar, expected) in cases {
      XCTAssertEqual(Catalog.nearest(to: name, among: known, evenIfFar: evenIfFar), expected, name)
    }
  }
}
