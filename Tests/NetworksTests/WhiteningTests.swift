import Kernels
import Parallel
import Tensors
import XCTest

@testable import Networks

final class WhiteningTests: XCTestCase {
  /// 4 × 5 pixels of two channels.
  private func network(height: Int = 4) throws -> Network {
    let text = """
      network small
      data channels=2 height=\(height) width=5
      dense fc1 outputs=4
      softmax prob
      """
    return try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)
  }

  private func integers(_ count: Int, seed: UInt64) -> [Float] {
    let generator = Philox(seed: seed, purpose: .test, step: 0)
    return (0..<count).map { Float(Philox.below(17, generator.words(UInt64($0))[0]) - 8) }
  }

  private let size = 40
  private lazy var matrix = integers(size * size, seed: 1)
  private lazy var images = integers(30 * size, seed: 2)

  private func product(_ count: Int) -> [Float] {
    (0..<count * size).map { index in
      let (image, row) = (index / size, index % size)
      return (0..<size).reduce(Float(0)) { $0 + matrix[row * size + $1] * images[image * size + $1] }
    }
  }

  private func whiten(_ network: Network, _ count: Int) throws -> [Float] {
    var output = [Float](repeating: .nan, count: count * size)
    try network.whiten(images, batch: count, into: &output)
    return output
  }

  func testTheProductIsExactForIntegers() throws {
    let network = try network()
    XCTAssertEqual(try whiten(network, 3), Array(images.prefix(3 * size)), "without a matrix nothing changes")
    try network.setWhitening(matrix, size: size)
    for count in [1, 3, 30] { XCTAssertEqual(try whiten(network, count), product(count)) }
    try network.setWhitening(nil, size: 0)
    XCTAssertEqual(try whiten(network, 3), Array(images.prefix(3 * size)))
  }

  func testAWriterPassesTheMatrixAndASteadyCallAllocatesNothing() throws {
    let network = try network()
    let images = self.images
    let size = self.size
    let input = network.whitened { target, range, _ in
      for index in 0..<range.count * size { target[index] = images[range.lowerBound * size + index] }
    }
    func logits() throws -> [Float] {
      var output = [Float](repeating: .nan, count: 30 * 4)
      try network.logits(batch: 30, input: input, into: &output)
      return output
    }
    func logits(of x: [Float]) throws -> [Float] {
      var output = [Float](repeating: .nan, count: 30 * 4)
      try network.forward(x, batch: 30, layout: .nhwc, into: &output)
      return output
    }
    XCTAssertEqual(try logits(), try logits(of: images))
    try network.setWhitening(matrix, size: size)
    XCTAssertEqual(try logits(), try logits(of: product(30)))
    let before = TensorMemory.allocationCount
    for _ in 0..<3 { _ = try logits() }
    XCTAssertEqual(TensorMemory.allocationCount, before)
  }

  func testRefusals() throws {
    let network = try network()
    func message(_ matrix: [Float], _ size: Int, of other: Network? = nil) -> String {
      do {
        try (other ?? network).setWhitening(matrix, size: size)
        return "accepted"
      } catch { return "\(error)" }
    }
    XCTAssertEqual(
      message(matrix, 39),
      "whitening: got a matrix for 39 values, small takes 40 (2×4×5), at most 4096")
    XCTAssertTrue(message(matrix, 4100, of: try self.network(height: 410)).contains("at most 4096"))
    var broken = matrix
    broken[41] = .nan
    XCTAssertEqual(message(broken, 40), "whitening: got nan in row 1, column 1, expected finite numbers")
    XCTAssertEqual(try whiten(network, 3), Array(images.prefix(3 * size)), "a refused matrix changes nothing")
    try network.usage.writing("test") {
      XCTAssertThrowsError(try network.setWhitening(nil, size: 0)) {
        guard case EngineError.concurrentUse? = $0 as? EngineError else { return XCTFail("\($0)") }
      }
    }
  }
}
