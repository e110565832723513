import Tensors
import XCTest

@testable import Networks

final class CatalogTests: XCTestCase {
  func testNamesAmongAll() throws {
    XCTAssertEqual(Catalog.all.count, 12 + 6 + 5)
    XCTAssertEqual(Set(Catalog.all.map(\.catalogName)).count, Catalog.all.count)
    for name in ["paper", "vgg-D", "cifar-18pct"] { XCTAssertEqual(try Catalog.variant(name).catalogName, name) }
  }

  func testFamiliesAndVariants() throws {
    for family in Catalog.Family.allCases {
      XCTAssertEqual(try Catalog.family(family.rawValue), family)
      for variant in family.variants {
        let found = try family.variant(variant.name)
        XCTAssertEqual(found.catalogName, variant.catalogName)
        let spec = try found.spec()
        XCTAssertEqual(spec.name, variant.catalogName)
        let side = variant.defaultImageSize
        XCTAssertEqual(spec.input, FeatureShape(height: side, width: side, channels: variant.defaultChannels))
        XCTAssertEqual(try spec.outputShapes().last, FeatureShape(vector: variant.defaultClasses))
        // A row of the C structure has room for them.
        XCTAssertLessThan(variant.summary.utf8.count, 160, variant.name)
        XCTAssertLessThan(variant.name.utf8.count, 32)
      }
    }
  }

  func testDefaultInitializationsAreKnown() {
    let known = Set(Initialization.known.map(\.name))
    for variant in Catalog.all { XCTAssertTrue(known.contains(variant.defaultInitialization.name), variant.name) }
    XCTAssertEqual(known.count, Initialization.known.count)
  }

  func testUnknownNamesListTheKnown() {
    func assertError(_ expected: String, _ body: () throws -> Void) {
      XCTAssertThrowsError(try body()) { XCTAssertTrue("\($0)".contains(expected), "\($0)") }
    }
    assertError("alexnet: got variant 'papr', expected one of paper, chm145, one_gpu") {
      _ = try AlexNet.variant("papr")
    }
    assertError("vgg: got variant 'F', expected one of A, A-LRN, B, C, D, E") { _ = try VGG.variant("F") }
    assertError("got family 'resnet', expected one of alexnet, vgg, cifar") { _ = try Catalog.family("resnet") }
    assertError("conv6, caffe") { _ = try Catalog.variant("vgg-F") }
    assertError("vgg: got 0 classes") { _ = try VGG.variant("A").spec(classes: 0) }
    assertError("cifar: got images of 3×70000×70000") { _ = try CIFARNet.variant("80sec").spec(imageSize: 70000) }
  }
}
