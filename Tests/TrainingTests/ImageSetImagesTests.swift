import Imaging
import XCTest

@testable import Training

final class ImageSetImagesTests: XCTestCase {
  private func image(_ pixels: [UInt8], width: Int = 2) throws -> Image {
    try Image(pixels: pixels, height: pixels.count / width, width: width, channels: 1)
  }

  func testImagesComeAndGo() throws {
    let images = [try image([1, 2, 3, 4]), try image([5, 6, 7, 8])]
    let set = try ImageSet(images, labels: [1, 0])
    XCTAssertEqual(set.pixels, [1, 2, 3, 4, 5, 6, 7, 8])
    XCTAssertEqual(set.labels, [1, 0])
    XCTAssertEqual(set.count, 2)
    XCTAssertEqual(try set.image(1), images[1])
    for index in [-1, 2, .max] { XCTAssertThrowsError(try set.image(index)) }
  }

  func testMeansAreThoseOfPixelsAndOfChannels() throws {
    let set = try ImageSet(
      pixels: [0, 10, 255, 1, 10, 255, 1, 10, 255, 1, 12, 0], labels: [0, 0], height: 2, width: 1, channels: 3)
    XCTAssertEqual(set.meanImage, .image(height: 2, width: 1, values: [0.5, 10, 255, 1, 11, 127.5]))
    XCTAssertEqual(set.meanOfChannels, .channels([0.75, 10.5, 191.25]))
  }

  func testRefusals() throws {
    let (square, tall) = (try image([1, 2, 3, 4]), try image([1, 2, 3, 4], width: 1))
    for (text, images, labels) in [
      ("0 images", [], []), ("2 labels", [square], [0, 1]), ("image 1 is of 4×1×1", [square, tall], [0, 0]),
      ("label 1 is -1", [square, square], [0, -1]), ("label 0 is", [square], [1 << 40]),
    ] as [(String, [Image], [Int])] {
      XCTAssertThrowsError(try ImageSet(images, labels: labels)) { XCTAssert("\($0)".contains(text), "\($0)") }
    }
  }
}
