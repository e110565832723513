import Kernels
import Tensors
import XCTest

@testable import Networks

/// That shapes agree with the layers' is asserted for every architecture with its counts.
final class NetworkSpecShapesTests: XCTestCase {
  func testAdaptiveAndRoundedUpPools() throws {
    let spec = NetworkSpec(
      name: "n", input: FeatureShape(height: 9, width: 8, channels: 2),
      nodes: [
        NodeSpec("p", .maxPool(2, stride: 2, ceilMode: true)), NodeSpec("a", .adaptiveAveragePool(size: 3)),
        NodeSpec("d", .dense(outputs: 4)),
      ])
    XCTAssertEqual(try spec.outputShapes().map(\.description), ["2×5×4", "2×3×3", "4"])
  }

  func testErrorsNameTheNode() {
    let spec = NetworkSpec(
      name: "n", input: FeatureShape(height: 2, width: 2, channels: 2),
      nodes: [NodeSpec("p", .maxPool(3, stride: 2, ceilMode: false))])
    XCTAssertThrowsError(try spec.outputShapes()) {
      XCTAssertTrue("\($0)".contains("n, node p reading data (2×2×2): max_pool"), "\($0)")
    }
  }
}
