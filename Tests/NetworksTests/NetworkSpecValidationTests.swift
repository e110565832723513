import Kernels
import Tensors
import XCTest

@testable import Networks

final class NetworkSpecValidationTests: XCTestCase {
  private func layers(_ nodes: [NodeSpec], input: FeatureShape = FeatureShape(height: 8, width: 8, channels: 4)) throws
    -> [any Layer]
  {
    try NetworkSpec(name: "net", input: input, nodes: nodes).makeLayers()
  }

  private func assertRefused(
    _ nodes: [NodeSpec], input: FeatureShape = FeatureShape(height: 8, width: 8, channels: 4), saying texts: String...
  ) {
    XCTAssertThrowsError(try layers(nodes, input: input)) { error in
      for text in texts { XCTAssertTrue("\(error)".contains(text), "\(error) does not contain \(text)") }
    }
  }

  private func convolution(kernel: Int = 3, stride: Int = 1, padding: Int = 0, outputs: Int = 4, groups: Int = 1)
    -> NodeOperation
  {
    .convolution(outputs: outputs, kernel: kernel, stride: stride, padding: Padding(padding), groups: groups)
  }

  func testErrorsNameTheNodeAndWhatItReads() {
    assertRefused(
      [NodeSpec("c1", convolution()), NodeSpec("c2", convolution(kernel: 9))], saying: "node c2 reading c1 (4×6×6)")
  }

  func testRefusals() {
    assertRefused([], saying: "0 nodes")
    assertRefused([NodeSpec("c", convolution(groups: 0))], saying: "node c")
    assertRefused([NodeSpec("c", convolution(groups: 3))], saying: "node c")
    assertRefused([NodeSpec("c", convolution(stride: 0))], saying: "node c")
    assertRefused([NodeSpec("c", convolution(outputs: -1))], saying: "node c")
    assertRefused([NodeSpec("c", convolution(padding: -1))], saying: "node c")
    assertRefused([NodeSpec("d", .dense(outputs: 0))], saying: "0 outputs")
    assertRefused([NodeSpec("d", .dropout(probability: 1, form: .inverted))], saying: "probability 1.0")
    assertRefused([NodeSpec("s", .softmax)], saying: "feature map")
    assertRefused([NodeSpec("a", .relu), NodeSpec("a", .relu)], saying: "two nodes are called 'a'")
    assertRefused([NodeSpec("data", .relu)], saying: "'data'")
    assertRefused(
      [NodeSpec("d", .dense(outputs: 2)), NodeSpec("s", .softmax), NodeSpec("r", .relu)], saying: "not the last")
    assertRefused([NodeSpec("r", .relu)], input: FeatureShape(height: 0, width: 1, channels: 1), saying: "at least 1")
  }

  /// The CIFAR nets' poolings need sizes rounded up, and are named in the error when they refuse.
  func testAveragePoolSizes() throws {
    func pool(_ kernel: Int, ceilMode: Bool) -> NodeSpec {
      let operation = NodeOperation.averagePool(
        kernel: kernel, stride: 2, padding: Padding(0), ceilMode: ceilMode, countIncludePad: false)
      return NodeSpec("pool2", operation)
    }
    XCTAssertEqual(
      try layers([pool(3, ceilMode: true)]).last?.outputShape, FeatureShape(height: 4, width: 4, channels: 4))
    XCTAssertEqual(
      try layers([pool(3, ceilMode: false)]).last?.outputShape, FeatureShape(height: 3, width: 3, channels: 4))
    assertRefused([pool(9, ceilMode: false)], saying: "node pool2", "average_pool: the kernel 9×9 is larger")
  }

  func testRefusedNormsNameTheirLine() throws {
    for kind in ["response_norm", "spatial_response_norm"] {
      let fields = "size=0 alpha=1 beta=0.75 k=1 alpha_over_n=1\(kind == "response_norm" ? " groups=1" : "")"
      XCTAssertThrowsError(
        try NetworkSpec(text: "network net\ndata channels=4 height=8 width=8\n\(kind) norm1 \(fields)\n")
      ) { XCTAssertTrue("\($0)".contains("specification, line 3: \(kind): got size 0"), "\($0)") }
    }
  }

  func testAbsurdSizesAreErrorsOfMemory() {
    let huge = FeatureShape(height: 1 << 31, width: 1 << 31, channels: 1 << 31)
    XCTAssertThrowsError(try layers([NodeSpec("r", .relu)], input: huge)) { error in
      guard case EngineError.outOfMemory = error else { return XCTFail("\(error)") }
    }
    XCTAssertThrowsError(try layers([NodeSpec("d", .dense(outputs: 1 << 40))])) { error in
      guard case EngineError.outOfMemory = error else { return XCTFail("\(error)") }
    }
  }
}
