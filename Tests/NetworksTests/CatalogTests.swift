import Imaging
import Kernels
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

  func testImagesThatAreTooSmallNameTheSmallest() throws {
    for (name, smallest) in [("owt", 63), ("paper", 64), ("vgg-A", 32), ("vgg-D", 32), ("caffe", 39)] {
      let variant = try Catalog.variant(name)
      XCTAssertThrowsError(try variant.spec(imageSize: smallest - 1)) {
        XCTAssertTrue("\($0)".hasPrefix("\(name), node "), "\($0)")
        XCTAssertTrue("\($0)".hasSuffix("; the smallest image is \(smallest)×\(smallest)"), "\($0)")
      }
      XCTAssertNoThrow(try variant.spec(imageSize: smallest), name)
    }
  }

  /// Errors that no size can fix do not mention one.
  func testOtherErrorsNameNoSize() throws {
    XCTAssertThrowsError(try OddGroups().spec(imageSize: 4)) {
      XCTAssertTrue("\($0)".contains("node conv reading data (3×4×4)"), "\($0)")
      XCTAssertFalse("\($0)".contains("smallest"), "\($0)")
    }
  }

  /// Every image from the smallest size on is accepted, so the message is true.
  func testNoImageBetweenTheSmallestAndTheDefaultIsRefused() {
    for variant in Catalog.all {
      let accepted = (1...variant.defaultImageSize).map { (try? variant.spec(imageSize: $0)) != nil }
      XCTAssertEqual(accepted.drop { !$0 }.filter { !$0 }.count, 0, variant.catalogName)
    }
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
    assertError("did you mean 'paper'?") { _ = try AlexNet.variant("papr") }
    assertError("did you mean 'D'?") { _ = try VGG.variant("d") }
    assertError("did you mean 'A-LRN'?") { _ = try VGG.variant("a-lrn") }
    assertError("did you mean 'D'?") { _ = try VGG.variant("vgg16") }
    assertError("did you mean 'vgg-D'?") { _ = try Catalog.variant("VGG-16") }
    assertError("did you mean 'vgg-E'?") { _ = try Catalog.variant("VGG-e") }
    assertError("did you mean 'cifar'?") { _ = try Catalog.family("CIFAR10") }
    assertError("vgg: got 0 classes") { _ = try VGG.variant("A").spec(classes: 0) }
    assertError("cifar: got images of 3×70000×70000") { _ = try CIFARNet.variant("80sec").spec(imageSize: 70000) }
  }
}

/// Two groups of three channels: wrong at every size.
private struct OddGroups: Architecture {
  static let family = Catalog.Family.cifar
  static var variants: [OddGroups] { [OddGroups()] }
  let name = "odd"
  let summary = ""
  let defaultClasses = 2
  let defaultChannels = 3
  let defaultImageSize = 8
  var defaultInitialization: Initialization { .vgg }
  let preprocessing = PreprocessingDefaults.cifar

  func nodes(classes: Int, input: FeatureShape) throws -> [NodeSpec] {
    [NodeSpec("conv", .convolution(outputs: 4, kernel: 3, stride: 1, padding: Padding(0), groups: 2))]
  }
}
