import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class ImagesABITests: XCTestCase {
  func testTheMeansPositionThroughTheBoundary() throws {
    let pixels = (0..<4 * 5).map { UInt8(10 * $0) }
    let mean = (0..<4 * 5).map { Float($0) }
    try pixels.withUnsafeBufferPointer { pixels in
      try mean.withUnsafeBufferPointer { mean in
        var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 4, width: 5, channels: 1)
        var preprocessing = sax_preprocessing()
        (preprocessing.crop_height, preprocessing.crop_width) = (4, 3)
        (preprocessing.mean_kind, preprocessing.mean) = (Int32(SAX_MEAN_IMAGE), mean.baseAddress)
        (preprocessing.mean_height, preprocessing.mean_width) = (4, 5)
        var crops = [Float](repeating: 0, count: 10 * 12)
        XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_OK), lastError)
        XCTAssertEqual(Array(crops[..<3]), [-1, 8, 17], "the mean begins at the centre, with 1")
        preprocessing.mean_position = Int32(SAX_MEAN_AT_CROP)
        XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_OK), lastError)
        XCTAssertEqual(Array(crops[..<3]), [0, 9, 18])
        XCTAssertEqual(Array(crops[60..<63]), [18, 9, 0], "the mirror image")
        for position: Int32 in [-1, 2, .max] {
          preprocessing.mean_position = position
          XCTAssertEqual(sax_crop_images(&images, &preprocessing, 10, &crops), Int32(SAX_INVALID_VALUE))
          XCTAssertEqual(lastError, "mean position: got \(position), expected 0 or 1")
        }
      }
    }
  }
}
