import CSwiftAlexNet
import XCTest

/// Why the last call on this thread failed.
var lastError: String { String(cString: sax_last_error()) }

/// A handle to a network of one convolution and one dense layer, which the test releases.
enum TinyNetwork {
  static let spec = """
    network tiny
    data channels=2 height=6 width=5
    convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=2
    relu relu1
    dense fc2 outputs=3
    softmax prob
    """

  static func make(_ spec: String = spec) throws -> OpaquePointer {
    var handle: OpaquePointer?
    XCTAssertEqual(sax_network_create(spec, "paper", 1, &handle), Int32(SAX_OK), lastError)
    return try XCTUnwrap(handle)
  }
}
