import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

/// The catalogue as a C program sees it.
final class ArchitecturesABITests: XCTestCase {
  private func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private func spec(
    _ family: String, _ variant: String, classes: Int64 = 0, channels: Int64 = 0, imageSize: Int64 = 0,
    activation: String? = nil, without: String? = nil, ceilMode: Int32 = 0, capacity: Int64 = 1 << 14
  ) -> (status: Int32, text: String) {
    func optional(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Int32) -> Int32 {
      guard let text else { return body(nil) }
      return text.withCString { body($0) }
    }
    var bytes = [CChar](repeating: 0, count: 1 << 14)
    let status = optional(activation) { activation in
      optional(without) { without in
        var options = sax_spec_options(
          classes: classes, channels: channels, image_size: imageSize, activation: activation, without: without,
          ceil_mode: ceilMode)
        return sax_spec(family, variant, &options, &bytes, capacity)
      }
    }
    return (status, text(bytes))
  }

  func testVariantsOfEveryFamily() {
    for (family, first) in [("alexnet", "paper chm145"), ("vgg", "A A-LRN"), ("cifar", "80sec 18pct")] {
      var names = [CChar](repeating: 0, count: 512)
      XCTAssertEqual(sax_variants(family, &names, 512), Int32(SAX_OK))
      XCTAssertTrue(text(names).hasPrefix(first), text(names))
    }
    var names = [CChar](repeating: 0, count: 4)
    XCTAssertEqual(sax_variants("alexnet", &names, 4), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_variants("resnet", &names, 4), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("alexnet, vgg, cifar"), lastError)
  }

  func testARowOfTheTable() {
    var row = sax_variant()
    XCTAssertEqual(sax_get_variant("cifar", "80sec", &row), Int32(SAX_OK))
    XCTAssertEqual([row.classes, row.channels, row.image_size], [10, 3, 32])
    func field<Field>(_ field: Field) -> String {
      withUnsafeBytes(of: field) { text($0.map { CChar(bitPattern: $0) }) }
    }
    XCTAssertEqual(field(row.name), "80sec")
    XCTAssertEqual(field(row.catalog_name), "cifar-80sec")
    XCTAssertEqual(field(row.initialization), "cifar-80sec")
    XCTAssertTrue(field(row.summary).contains("cuda-convnet"))
    XCTAssertEqual(sax_get_variant("cifar", "paper", &row), Int32(SAX_INVALID_VALUE))
  }

  func testSpecificationsTakeTheRowsNumbersOrTheCallers() {
    XCTAssertTrue(spec("alexnet", "d2l").text.contains("data channels=1 height=224 width=224"))
    let own = spec("vgg", "A", classes: 7, channels: 2, imageSize: 64)
    XCTAssertTrue(own.text.contains("network vgg-A\ndata channels=2 height=64 width=64\n"), own.text)
    XCTAssertTrue(own.text.contains("dense fc8 outputs=7\n"))
    let changed = spec("cifar", "80sec", activation: "tanh", without: "conv2 fc64")
    XCTAssertTrue(changed.text.contains("tanh tanh1\n"))
    XCTAssertFalse(changed.text.contains("conv2") || changed.text.contains("tanh2") || changed.text.contains("fc64"))
  }

  func testTowersThroughTheBoundary() {
    let paper = spec("alexnet", "paper").text
    var bytes = [CChar](repeating: 0, count: 1 << 14)
    XCTAssertEqual(sax_spec_crossings(paper, 2, &bytes, 1 << 14), Int32(SAX_OK), lastError)
    XCTAssertEqual(text(bytes), "norm1 norm2 conv3 fc6 fc7 fc8")
    XCTAssertEqual(sax_spec_cut(paper, 1, 2, &bytes, 1 << 14), Int32(SAX_OK), lastError)
    XCTAssertTrue(text(bytes).hasPrefix("segment source=image reads=0,3 channels=0,48\nnetwork paper/1/conv1\n"))
    XCTAssertTrue(text(bytes).contains("segment source=exchanged reads=46,96 channels=2,50\n"))
    for (tower, towers) in [(2, 2), (-1, 2), (0, 0), (0, -1), (0, .max)] as [(Int64, Int64)] {
      XCTAssertEqual(sax_spec_cut(paper, tower, towers, &bytes, 1 << 14), Int32(SAX_INVALID_VALUE))
    }
    XCTAssertEqual(sax_spec_crossings(paper, 0, &bytes, 1 << 14), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_spec_crossings("network", 2, &bytes, 1 << 14), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_spec_cut(paper, 0, 2, &bytes, 5), Int32(SAX_INVALID_VALUE))
  }

  func testPoolsRoundAsTheVariantOrTheCallerSays() {
    XCTAssertTrue(spec("vgg", "A").text.contains("max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0\n"))
    XCTAssertTrue(spec("vgg", "A", ceilMode: 1).text.contains("ceil=1\n"))
    XCTAssertTrue(spec("alexnet", "caffe").text.contains("ceil=1\n"))
    XCTAssertFalse(spec("alexnet", "caffe", ceilMode: -1).text.contains("ceil=1"))
  }

  func testRefusalsSayWhatWasExpected() {
    func assertRefused(_ call: @autoclosure () -> (status: Int32, text: String), _ expected: String) {
      XCTAssertEqual(call().status, Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.contains(expected), lastError)
    }
    assertRefused(spec("vgg", "F"), "expected one of A, A-LRN")
    assertRefused(spec("vgg", "A", classes: -1), "vgg: num_classes: got -1")
    assertRefused(spec("vgg", "A", channels: 1 << 40), "vgg: in_channels")
    assertRefused(spec("vgg", "A", imageSize: -5), "vgg: image_size")
    assertRefused(spec("vgg", "A", activation: "gelu"), "activation: got 'gelu', expected one of relu, tanh, sigmoid")
    assertRefused(spec("vgg", "A", without: "conv9"), "no node 'conv9'")
    assertRefused(spec("vgg", "A", without: "fc8"), "'fc8' makes the classes")
    assertRefused(spec("vgg", "A", capacity: 10), "do not fit")
  }

  func testInitializationsBuildNetworks() {
    var names = [CChar](repeating: 0, count: 512)
    XCTAssertEqual(sax_initializations(&names, 512), Int32(SAX_OK))
    let tiny = "network t\ndata channels=1 height=4 width=4\ndense fc1 outputs=2\n"
    for name in text(names).split(separator: " ") {
      var handle: OpaquePointer?
      XCTAssertEqual(sax_network_create(tiny, String(name), 1, &handle), Int32(SAX_OK), lastError)
      sax_network_release(handle)
    }
  }
}
