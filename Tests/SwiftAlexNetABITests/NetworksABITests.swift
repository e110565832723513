import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

/// The boundary as a C program sees it.
final class NetworksABITests: XCTestCase {
  func testLifeOfAHandle() throws {
    let network = try TinyNetwork.make()
    sax_network_retain(network)
    sax_network_release(network)
    XCTAssertEqual(sax_network_node_count(network), 5)
    sax_network_release(network)
    sax_network_release(nil)
  }

  func testStatusesAndMessages() {
    var handle: OpaquePointer?
    XCTAssertEqual(sax_network_create("nonsense", "paper", 1, &handle), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("line 1"), lastError)
    XCTAssertEqual(sax_network_create(TinyNetwork.spec, "magic", 1, &handle), Int32(SAX_INVALID_VALUE))
    XCTAssertTrue(lastError.contains("paper, chm145, caffe, caffenet, torchvision"), lastError)
    let huge = TinyNetwork.spec.replacing("outputs=3", with: "outputs=2000000000")
    XCTAssertEqual(sax_network_create(huge, "paper", 1, &handle), Int32(SAX_OUT_OF_MEMORY))
    XCTAssertNil(handle)
  }

  func testTextNeedsRoom() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    var text = [CChar](repeating: 0, count: 2048)
    XCTAssertEqual(sax_network_get_spec(network, &text, 4), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_get_spec(network, &text, Int64(text.count)), Int32(SAX_OK))
    let written = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    XCTAssertTrue(written.contains("convolution conv1 outputs=4"), written)
  }

  func testParametersLeadThroughTheEnginesMemory() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    XCTAssertEqual(sax_network_parameter_count(network), 4)
    var parameter = sax_parameter()
    XCTAssertEqual(sax_network_get_parameter(network, 0, &parameter), Int32(SAX_OK))
    XCTAssertEqual([parameter.shape.0, parameter.shape.1, parameter.shape.2, parameter.shape.3], [4, 1, 3, 3])
    // [h][w][i][o] in memory: the output channel is the fastest.
    XCTAssertEqual(
      [parameter.strides.0, parameter.strides.1, parameter.strides.2, parameter.strides.3], [4, 16, 48, 16])
    var data: UnsafeMutablePointer<Float>?
    for which in [SAX_VALUE, SAX_GRADIENT, SAX_VELOCITY] {
      XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, Int32(which), &data), Int32(SAX_OK))
      XCTAssertNotNil(data)
    }
    XCTAssertEqual(sax_network_get_parameter(network, 4, &parameter), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, 3, &data), Int32(SAX_INVALID_VALUE))
  }

  func testFiltersOfEveryPositionHaveSixDimensions() throws {
    let local = "locally_connected conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1"
    let network = try TinyNetwork.make(
      TinyNetwork.spec.replacing("convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=2", with: local))
    defer { sax_network_release(network) }
    var parameter = sax_parameter()
    XCTAssertEqual(sax_network_get_parameter(network, 0, &parameter), Int32(SAX_OK))
    let (shape, strides) = (parameter.shape, parameter.strides)
    XCTAssertEqual(parameter.rank, 6)
    XCTAssertEqual([shape.0, shape.1, shape.2, shape.3, shape.4, shape.5], [6, 5, 4, 2, 3, 3])
    // [oh][ow][h][w][i][o] in memory: the output channel is the fastest.
    XCTAssertEqual(
      [strides.0, strides.1, strides.2, strides.3, strides.4, strides.5], [5 * 288, 288, 4, 16, 96, 32])
  }

  func testPackedWeightsGoWhenWrittenValuesAreGivenBack() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let x = [Float](repeating: 0.5, count: 60)
    var logits = [Float](repeating: 0, count: 3)
    var float32 = sax_arithmetic()
    XCTAssertEqual(
      sax_network_forward(network, x, 1, Int32(SAX_NCHW), 0, 0, 0, 0, &float32, &logits), Int32(SAX_OK), lastError)
    let packed = sax_live_bytes()
    var values: UnsafeMutablePointer<Float>?
    XCTAssertEqual(sax_network_borrow_parameter_data(network, 0, Int32(SAX_VALUE), &values), Int32(SAX_OK))
    XCTAssertEqual(sax_live_bytes(), packed)
    sax_network_return_parameter_data(network, 0, Int32(SAX_VALUE))
    XCTAssertLessThan(sax_live_bytes(), packed)
  }
}
