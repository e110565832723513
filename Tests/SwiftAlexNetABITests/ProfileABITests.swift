import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class ProfileABITests: XCTestCase {
  func testProfilingComparesTheChannels() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let pixels = [UInt8](repeating: 1, count: 6 * 5)
    var preprocessing = sax_preprocessing()
    (preprocessing.crop_height, preprocessing.crop_width) = (6, 5)
    var float32 = sax_arithmetic()
    var profile = sax_profile()
    var rows = [sax_profile_row](repeating: sax_profile_row(), count: 16)
    try pixels.withUnsafeBufferPointer { pixels in
      var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 6, width: 5, channels: 1)
      XCTAssertEqual(
        sax_network_profile_images(network, &images, &preprocessing, nil, &float32, 1, &profile, &rows, 16),
        Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.hasPrefix("profile: got images of"), lastError)
      XCTAssertTrue(lastError.contains("tiny takes"), lastError)
    }
  }
}
