import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class EvaluationABITests: XCTestCase {
  func testViewsAndDenseEvaluationThroughTheBoundary() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let pixels = (0..<8 * 9 * 2).map { UInt8($0) }
    var preprocessing = sax_preprocessing()
    (preprocessing.crop_height, preprocessing.crop_width) = (6, 5)
    var float32 = sax_arithmetic()
    var probabilities = [Float](repeating: 0, count: 3)
    try pixels.withUnsafeBufferPointer { pixels in
      var images = sax_images(pixels: try XCTUnwrap(pixels.baseAddress), count: 1, height: 8, width: 9, channels: 2)
      for views: Int64 in [1, 9, 10, 50] {
        XCTAssertEqual(
          sax_network_predict_images(network, &images, &preprocessing, views, &float32, &probabilities), Int32(SAX_OK),
          lastError)
        XCTAssertEqual(probabilities.reduce(0, +), 1, accuracy: 1e-5)
      }
      for views: Int64 in [0, 3, 25, .max] {
        XCTAssertEqual(
          sax_network_predict_images(network, &images, &preprocessing, views, &float32, &probabilities),
          Int32(SAX_INVALID_VALUE))
        XCTAssertEqual(lastError, "crops: got \(views), expected 1, 2, 9, 10 or 50")
      }
      var (rows, columns): (Int64, Int64) = (0, 0)
      XCTAssertEqual(sax_network_score_map_size(network, 8, 9, &rows, &columns), Int32(SAX_OK))
      XCTAssertEqual([rows, columns], [3, 5])
      var scores = [Float](repeating: .nan, count: 3 * 5 * 3)
      XCTAssertEqual(
        sax_network_score_map(network, &images, &preprocessing, &float32, &scores), Int32(SAX_OK), lastError)
      XCTAssertFalse(scores.contains { $0.isNaN })
      for mirror: Int32 in [0, 1] {
        XCTAssertEqual(
          sax_network_predict_dense(network, &images, &preprocessing, mirror, &float32, &probabilities), Int32(SAX_OK),
          lastError)
        XCTAssertEqual(probabilities.reduce(0, +), 1, accuracy: 1e-5)
      }
      (images.height, images.width) = (5, 9)
      XCTAssertEqual(
        sax_network_predict_dense(network, &images, &preprocessing, 1, &float32, &probabilities),
        Int32(SAX_INVALID_VALUE))
      XCTAssertTrue(lastError.contains("needs 6×5 or more"), lastError)
    }
  }
}
