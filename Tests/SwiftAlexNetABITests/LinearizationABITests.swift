import CSwiftAlexNet
import SwiftAlexNetABI
import XCTest

final class LinearizationABITests: XCTestCase {
  private var arithmetic = sax_arithmetic(precision: 0, int8_dense_weights: 0, fast_math: 0)
  private let x = (0..<60).map { Float($0 % 7) / 7 - 0.4 }
  private let layout = Int32(SAX_NCHW)

  /// Runs `body` with names as C strings.
  private func withNames<Result>(
    _ names: [String], _ body: (UnsafePointer<UnsafePointer<CChar>>) throws -> Result
  ) throws -> Result {
    let copies = names.map { name in
      let bytes = Array(name.utf8CString)
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
      copy.update(from: bytes, count: bytes.count)
      return copy
    }
    defer { copies.forEach { $0.deallocate() } }
    let pointers = copies.map { UnsafePointer($0) }
    return try pointers.withUnsafeBufferPointer { try body(XCTUnwrap($0.baseAddress)) }
  }

  private func linearize(_ network: OpaquePointer, _ nodes: [String], _ wrt: [String]) throws -> OpaquePointer? {
    var handle: OpaquePointer?
    let status = try withNames(nodes) { nodes in
      try withNames(wrt) { wrt in
        sax_network_linearize(network, x, 1, 6, 5, layout, nodes, 1, wrt, 1, &arithmetic, &handle)
      }
    }
    XCTAssertEqual(status == Int32(SAX_OK), handle != nil)
    return handle
  }

  private func vjp(
    _ handle: OpaquePointer, _ node: String, _ cotangent: [Float], wrt: String, _ gradient: inout [Float], relu: Int
  ) throws -> Int32 {
    try cotangent.withUnsafeBufferPointer { cotangent in
      try gradient.withUnsafeMutableBufferPointer { gradient in
        let (start, end) = (try XCTUnwrap(cotangent.baseAddress), try XCTUnwrap(gradient.baseAddress))
        return try withNames([node]) { nodes in
          try withNames([wrt]) { wrt in
            withUnsafePointer(to: start) { start in
              withUnsafePointer(to: end) { end in
                sax_linearization_vjp(handle, nodes, start, 1, wrt, end, 1, layout, Int32(relu))
              }
            }
          }
        }
      }
    }
  }

  func testTheGradientIsThatOfBackward() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    let kept = try XCTUnwrap(try linearize(network, ["fc2"], ["data"]), lastError)
    defer { sax_linearization_release(kept) }
    var shape: [Int64] = [0, 0, 0]
    XCTAssertEqual(sax_linearization_get_shape(kept, "fc2", &shape), Int32(SAX_OK))
    XCTAssertEqual(shape, [3, 1, 1])
    var (logits, kepts) = ([Float](repeating: 0, count: 3), [Float](repeating: 1, count: 3))
    XCTAssertEqual(
      sax_network_forward(network, x, 1, layout, 1, 0, 0, 0, &arithmetic, &logits), Int32(SAX_OK), lastError)
    XCTAssertEqual(sax_linearization_get_activation(kept, "fc2", layout, &kepts), Int32(SAX_OK))
    XCTAssertEqual(logits, kepts)
    let slope: [Float] = [0.5, -1, 2]
    var (dx, gradient) = ([Float](repeating: 0, count: 60), [Float](repeating: .nan, count: 60))
    XCTAssertEqual(sax_network_backward(network, slope, 1, layout, 0, &dx), Int32(SAX_OK), lastError)
    XCTAssertEqual(
      try vjp(kept, "fc2", slope, wrt: "data", &gradient, relu: Int(SAX_RELU_STANDARD)), Int32(SAX_OK), lastError)
    XCTAssertEqual(gradient, dx)
    XCTAssertTrue(dx.contains { $0 != 0 })
  }

  func testRefusals() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    XCTAssertNil(try linearize(network, ["conv9"], ["data"]))
    XCTAssertEqual(lastError, "linearize: there is no node 'conv9', expected one of conv1, relu1, fc2, prob")
    let kept = try XCTUnwrap(try linearize(network, ["relu1"], ["conv1"]), lastError)
    defer { sax_linearization_release(kept) }
    var gradient = [Float](repeating: 0, count: 120)
    let slope = [Float](repeating: 1, count: 120)
    XCTAssertEqual(try vjp(kept, "relu1", slope, wrt: "conv1", &gradient, relu: 3), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(lastError, "relu: got 3, expected 0 (standard), 1 (guided) or 2 (deconvnet)")
    XCTAssertEqual(try vjp(kept, "fc2", slope, wrt: "conv1", &gradient, relu: 0), Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(lastError, "vjp: got node 'fc2', the pass was kept for conv1, relu1")
    XCTAssertEqual(try vjp(kept, "relu1", slope, wrt: "data", &gradient, relu: 0), Int32(SAX_INVALID_VALUE))
    sax_linearization_release(nil)
  }

  func testActivationsFromThoseOfANode() throws {
    let network = try TinyNetwork.make()
    defer { sax_network_release(network) }
    func capture(after: String?, _ values: [Float], _ name: String, count: Int) throws -> (Int32, [Float]) {
      var output = [Float](repeating: .nan, count: count)
      let status = try output.withUnsafeMutableBufferPointer { buffer in
        let start = try XCTUnwrap(buffer.baseAddress)
        return try withNames([name]) { names in
          withUnsafePointer(to: start) { outputs in
            if let after {
              return sax_network_capture_features(network, after, values, 1, layout, names, 1, &arithmetic, outputs)
            }
            return sax_network_capture(network, values, 1, 6, 5, layout, names, 1, &arithmetic, outputs)
          }
        }
      }
      return (status, output)
    }
    let relu1 = try capture(after: nil, x, "relu1", count: 120)
    XCTAssertEqual(relu1.0, Int32(SAX_OK), lastError)
    let (expected, found) = (
      try capture(after: nil, x, "prob", count: 3), try capture(after: "relu1", relu1.1, "prob", count: 3)
    )
    XCTAssertEqual(found.0, Int32(SAX_OK), lastError)
    XCTAssertEqual(found.1, expected.1)
    XCTAssertEqual(try capture(after: "fc2", [1, 2, 3], "relu1", count: 120).0, Int32(SAX_INVALID_VALUE))
    XCTAssertEqual(lastError, "capture: got relu1, expected nodes after fc2")
    XCTAssertEqual(try capture(after: "prob", [1, 2, 3], "prob", count: 3).0, Int32(SAX_INVALID_VALUE))
  }
}
