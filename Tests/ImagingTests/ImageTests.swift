import Imaging
import XCTest

final class ImageTests: XCTestCase {
  func testSizesAreChecked() throws {
    XCTAssertEqual(try Image(pixels: [1, 2, 3, 4, 5, 6], height: 2, width: 1).channels, 3)
    for (height, width, channels) in [
      (1, 1, 3), (2, 2, 3), (0, 1, 3), (-2, -1, 3), (2, 1, 0), (.max, .max, 3), (1 << 40, 1, 1),
    ] {
      XCTAssertThrowsError(
        try Image(pixels: [1, 2, 3, 4, 5, 6], height: height, width: width, channels: channels),
        "\(height)×\(width)×\(channels)")
    }
  }
}
