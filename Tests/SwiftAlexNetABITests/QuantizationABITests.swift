import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class QuantizationABITests: XCTestCase {
  /// The input and four nodes.
  private let tensors = (0..<5).map { sax_quantization(scale: 0.25 + Float($0), zero_point: Int32($0)) }

  private func logits(_ network: OpaquePointer, precision: Int) -> [Float]? {
    let x = (0..<60).map { Float($0 % 7) }
    var logits = [Float](repeating: .nan, count: 3)
    var arithmetic = sax_arithmetic(precision: Int32(precision), int8_dense_weights: 0, fast_math: 0)
    let status = sax_network_forward(network, x, 1, Int32(SAX_NCHW), 0, 0, 0, 0, &arithmetic, &logits)
    return status == Int32(SAX_OK) ? logits : nil
  }

  func testANetworkHoldsWhatItIsGivenUntilItIsTakenAway() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    var (found, isQuantized) = ([sax_quantization](repeating: sax_quantization(), count: 5), Int32(7))
    XCTAssertEqual(sax_network_get_quantization(network, &found, 5, &isQuantized), Int32(SAX_OK))
    XCTAssertEqual(isQuantized, 0)
    XCTAssertNil(logits(network, precision: SAX_INT8))
    XCTAssert(lastError.contains("the network has not been quantised"), lastError)

    XCTAssertEqual(sax_network_set_quantization(network, tensors, 5), Int32(SAX_OK), lastError)
    XCTAssertEqual(sax_network_get_quantization(network, &found, 5, &isQuantized), Int32(SAX_OK))
    XCTAssertEqual(isQuantized, 1)
    for (one, other) in zip(found, tensors) {
      XCTAssertEqual(one.scale, other.scale)
      XCTAssertEqual(one.zero_point, other.zero_point)
    }
    XCTAssertNotNil(logits(network, precision: SAX_INT8), lastError)

    XCTAssertEqual(sax_network_set_quantization(network, nil, 0), Int32(SAX_OK))
    XCTAssertNil(logits(network, precision: SAX_INT8))
  }

  func testWhatIsNoQuantization() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    func assertRefused(_ tensors: [sax_quantization], count: Int, _ message: String, line: UInt = #line) {
      XCTAssertEqual(
        sax_network_set_quantization(network, tensors, Int64(count)), Int32(SAX_INVALID_VALUE), line: line)
      XCTAssert(lastError.contains(message), lastError, line: line)
    }
    assertRefused(tensors, count: 4, "set_quantization: got 4 tensors, tiny has 5")
    assertRefused(tensors, count: -1, "set_quantization: tensors: got -1")
    for (scale, zeroPoint, message) in [
      (Float.nan, 0, "got scale nan"), (0, 0, "got scale 0.0"), (1, 256, "got zero point 256, expected 0 to 255"),
      (1, -1, "got zero point -1"),
    ] {
      var spoilt = tensors
      spoilt[3] = sax_quantization(scale: scale, zero_point: Int32(zeroPoint))
      assertRefused(spoilt, count: 5, message)
    }
    XCTAssertEqual(sax_network_set_quantization(network, tensors, 5), Int32(SAX_OK))
    var (found, isQuantized) = ([sax_quantization](repeating: sax_quantization(), count: 5), Int32(7))
    XCTAssertEqual(sax_network_get_quantization(network, &found, 3, &isQuantized), Int32(SAX_INVALID_VALUE))
    XCTAssert(lastError.contains("got room for 3 tensors, expected 5"), lastError)
  }
}
