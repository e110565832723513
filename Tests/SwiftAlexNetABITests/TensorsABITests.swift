import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class TensorsABITests: XCTestCase {
  func testNumbersThatAreNoArithmetic() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let x = [Float](repeating: 0.5, count: 60)
    var logits = [Float](repeating: 0, count: 3)
    for (given, message) in [
      (
        sax_arithmetic(precision: 3, int8_dense_weights: 0, fast_math: 0),
        "precision: got 3, expected 0 (float32), 1 (bfloat16) or 2 (int8)"
      ),
      (sax_arithmetic(precision: 0, int8_dense_weights: 7, fast_math: 0), "int8 weights: got 7, expected 0 or 1"),
      (sax_arithmetic(precision: 0, int8_dense_weights: 0, fast_math: -1), "fast math: got -1, expected 0 or 1"),
    ] {
      var arithmetic = given
      XCTAssertEqual(
        sax_network_forward(network, x, 1, Int32(SAX_NCHW), 0, 0, 0, 0, &arithmetic, &logits), Int32(SAX_INVALID_VALUE))
      XCTAssertEqual(lastError, "forward: " + message)
    }
  }
}
