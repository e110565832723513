import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

/// Recipes, and the preprocessing and names of a variant, as a C program sees them.
final class RecipesABITests: XCTestCase {
  private var lastError: String { String(cString: sax_last_error()) }

  private func text(_ body: (UnsafeMutablePointer<CChar>, Int64) -> Int32) -> String? {
    var bytes = [CChar](repeating: 0, count: 4096)
    guard body(&bytes, 4096) == Int32(SAX_OK) else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  func testRecipes() throws {
    let names = try XCTUnwrap(text { sax_recipes($0, $1) })
    XCTAssertTrue(names.hasPrefix("paper chm145 caffe "), names)
    for name in names.split(separator: " ") {
      let recipe = try XCTUnwrap(text { sax_recipe(String(name), $0, $1) })
      XCTAssertTrue(recipe.hasPrefix("name \(name)\nbatch_size "), recipe)
    }
    XCTAssertNil(text { sax_recipe("papr", $0, $1) })
    XCTAssertTrue(lastError.contains("did you mean 'paper'?"), lastError)
    var few = [CChar](repeating: 0, count: 4)
    XCTAssertEqual(sax_recipe("paper", &few, 4), Int32(SAX_INVALID_VALUE))
  }

  func testTheOrderOfImages() {
    var order = [Int64](repeating: -1, count: 8)
    XCTAssertEqual(sax_shuffle(8, 1, 2, &order), Int32(SAX_OK))
    XCTAssertEqual(order, [4, 2, 0, 6, 1, 5, 7, 3])
    XCTAssertEqual(sax_shuffle(0, 1, 2, &order), Int32(SAX_OK))
    for count in [-1, Int64(Int32.max) + 1] {
      XCTAssertEqual(sax_shuffle(count, 1, 2, &order), Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.contains("got \(count) images"), lastError)
    }
  }

  func testColorComponents() throws {
    let lines = try XCTUnwrap(text { sax_color_components($0, $1) }).split(separator: "\n")
    XCTAssertEqual(lines.map { $0.split(separator: " ").count }, [4, 4, 4])
  }

  func testPreprocessing() throws {
    let words = try XCTUnwrap(text { sax_variant_preprocessing("vgg-D", 224, 1, $0, $1) }).split(separator: " ")
    XCTAssertTrue(words.contains("resize=256"))
    XCTAssertTrue(words.contains("learn_mean=pixel"))
    XCTAssertEqual(words, text { sax_variant_preprocessing("vgg-D", 224, 1 << 20, $0, $1) }?.split(separator: " "))
    XCTAssertEqual(
      text { sax_variant_preprocessing("somebody's", 24, 3, $0, $1) },
      text { sax_variant_preprocessing("chm145", 24, 3, $0, $1) })
    for (crop, channels) in [(0, 3), (24, 0), (Int64.max, 3)] as [(Int64, Int64)] {
      XCTAssertNil(text { sax_variant_preprocessing("paper", crop, channels, $0, $1) }, "\(crop) \(channels)")
    }
  }

  func testLayerNames() throws {
    let names = try XCTUnwrap(text { sax_variant_layer_names("owt", "torchvision", $0, $1) })
    XCTAssertTrue(names.hasPrefix("features.0 conv1\nfeatures.1 relu1\n"), names)
    XCTAssertEqual(text { sax_variant_layer_names("owt", "keras", $0, $1) }, "")
    XCTAssertEqual(text { sax_variant_layer_names("somebody's", "keras", $0, $1) }, "")
    XCTAssertNil(text { sax_variant_layer_names("owt", "kears", $0, $1) })
    XCTAssertTrue(lastError.contains("did you mean 'keras'?"), lastError)
  }

  func testNearestName() {
    func nearest(_ name: String, _ known: String, evenIfFar: Int32) -> Int64? {
      var index: Int64 = -2
      return sax_nearest_name(name, known, evenIfFar, &index) == Int32(SAX_OK) ? index : nil
    }
    XCTAssertEqual(nearest("papr", "caffe\npaper", evenIfFar: 0), 1)
    XCTAssertEqual(nearest("vgg16", "A\nB\nC\nD", evenIfFar: 0), 3)
    XCTAssertEqual(nearest("xyz", "caffe\npaper", evenIfFar: 0), -1)
    XCTAssertEqual(nearest("xyz", "caffe\npaper", evenIfFar: 1), 0)
    XCTAssertNil(nearest("xyz", "caffe", evenIfFar: 2))
  }
}
