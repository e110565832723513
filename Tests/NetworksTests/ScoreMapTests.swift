import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Networks

final class ScoreMapTests: XCTestCase {
  /// Without padding, so that a crop sees what its pixels see within an image; one position is four pixels.
  private let unpadded = """
    network unpadded
    data channels=3 height=27 width=23
    convolution conv1 outputs=8 kernel=5 stride=2 pad=0,0,0,0 groups=1
    relu relu1
    max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
    convolution conv2 outputs=12 kernel=3 stride=1 pad=0,0,0,0 groups=2
    relu relu2
    dense fc6 outputs=16
    relu relu6
    dropout drop6 probability=0.5 form=paper2012
    dense fc8 outputs=5
    softmax prob
    """

  private func network(_ spec: String, seed: UInt64 = 1) throws -> Network {
    try Network(spec: NetworkSpec(text: spec), initialization: .torchvision, seed: seed)
  }

  private func scoreMap(_ network: Network, _ x: [Float], batch: Int, height: Int, width: Int) throws -> [Float] {
    let size = try network.scoreMapSize(height: height, width: width)
    var map = [Float](repeating: .nan, count: batch * size.rows * size.columns * network.classCount)
    let image = height * width * network.spec.input.channels
    try network.scoreMap(
      batch: batch, height: height, width: width,
      input: { input, range, _ in
        input.update(
          from: Array(x[range.lowerBound * image..<range.upperBound * image]), count: range.count * image)
      }, into: &map)
    return map
  }

  private func logits(_ network: Network, _ x: [Float]) throws -> [Float] {
    let batch = x.count / network.spec.input.count
    var output = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &output)
    return output
  }

  /// The crops under the positions of a score map, in their order.
  private func crops(
    _ network: Network, _ x: [Float], batch: Int, height: Int, width: Int, step: Int
  ) throws -> [Float] {
    let shape = network.spec.input
    var crops: [Float] = []
    for image in 0..<batch {
      for top in stride(from: 0, through: height - shape.height, by: step) {
        for left in stride(from: 0, through: width - shape.width, by: step) {
          for row in top..<top + shape.height {
            let start = ((image * height + row) * width + left) * shape.channels
            crops += x[start..<start + shape.width * shape.channels]
          }
        }
      }
    }
    return crops
  }

  private func fillWithIntegers(_ network: Network) {
    for (number, parameter) in network.parameters.enumerated() {
      let values = RandomValues.integers(parameter.count, seed: UInt64(number), magnitude: 1)
      parameter.withMutableValues { _ = $0.update(fromContentsOf: values) }
    }
  }

  private func assertClose(_ a: [Float], _ b: [Float], line: UInt = #line) {
    XCTAssertEqual(a.count, b.count, line: line)
    let largest = b.map(abs).max() ?? 0
    for (x, y) in zip(a, b) { XCTAssertEqual(x, y, accuracy: 1e-5 * largest, line: line) }
  }

  /// An image without leftover pixels, one with some, and one that is taller than wide; several chunks.
  func testEveryPositionIsTheCropUnderIt() throws {
    let network = try network(unpadded)
    for (batch, height, width) in [(2, 39, 43), (1, 29, 26), (1, 71, 24), (45, 27, 27)] {
      let x = randomFloats(batch * height * width * 3, seed: 3)
      let expected = try logits(network, crops(network, x, batch: batch, height: height, width: width, step: 4))
      assertClose(try scoreMap(network, x, batch: batch, height: height, width: width), expected)
    }
  }

  /// Sums stay below 75 · 54 · 144 · 16 / 2 < 2^23, where halves are exact. More windows than go through the dense
  /// layers at once.
  func testIntegersAreExact() throws {
    let network = try network(unpadded)
    fillWithIntegers(network)
    let (height, width) = (99, 123)
    let x = RandomValues.integers(height * width * 3, seed: 5, magnitude: 1)
    let expected = try logits(network, crops(network, x, batch: 1, height: height, width: width, step: 4))
    XCTAssertGreaterThan(expected.count / network.classCount, 256)
    XCTAssertGreaterThan(Set(expected).count, 100)
    XCTAssertEqual(try scoreMap(network, x, batch: 1, height: height, width: width), expected)
  }

  /// With padding, both norms and dropout in its two forms; the same bits where eight or more are computed together.
  func testTheNetworksOwnSizeHasOnePosition() throws {
    for form in [Dropout.Form.paper2012, .inverted] {
      let network = try smallNetwork(dropout: form)
      let shape = network.spec.input
      let size = try network.scoreMapSize(height: shape.height, width: shape.width)
      XCTAssertEqual([size.rows, size.columns], [1, 1])
      let many = randomFloats(9 * shape.count, seed: 4)
      XCTAssertEqual(
        try scoreMap(network, many, batch: 9, height: shape.height, width: shape.width), try logits(network, many))
      let one = Array(many.prefix(shape.count))
      assertClose(
        try scoreMap(network, one, batch: 1, height: shape.height, width: shape.width), try logits(network, one))
    }
  }

  /// A network trained with a convolution in place of fc6 slides with it: the dense layer reads single positions.
  func testAConvolutionAsFirstDenseLayer() throws {
    let spec = unpadded.replacing(
      "dense fc6 outputs=16", with: "convolution fc6 outputs=16 kernel=3 stride=1 pad=0,0,0,0 groups=1")
    let network = try network(spec.replacing("height=27 width=23", with: "height=23 width=23"))
    XCTAssertEqual(network.layers[try network.node(named: "fc6")].outputShape, FeatureShape(vector: 16))
    let (height, width) = (31, 47)
    let x = randomFloats(height * width * 3, seed: 6)
    let expected = try logits(network, crops(network, x, batch: 1, height: height, width: width, step: 4))
    assertClose(try scoreMap(network, x, batch: 1, height: height, width: width), expected)
  }

  private let pooled = """
    network pooled
    data channels=3 height=24 width=24
    convolution conv1 outputs=6 kernel=4 stride=4 pad=0,0,0,0 groups=1
    relu relu1
    adaptive_average_pool avgpool size=SIZE
    dropout drop5 probability=0.5 form=inverted
    dense fc6 outputs=12
    relu relu6
    dense fc8 outputs=5
    softmax prob
    """

  /// A pool that does nothing at the network's own size, one that averages, and one that enlarges.
  func testAnAdaptivePoolSeesEveryWindow() throws {
    for size in [6, 3, 9] {
      let network = try network(pooled.replacing("SIZE", with: "\(size)"))
      let (height, width) = (32, 45)
      let x = randomFloats(2 * height * width * 3, seed: 7)
      let expected = try logits(network, crops(network, x, batch: 2, height: height, width: width, step: 4))
      assertClose(try scoreMap(network, x, batch: 2, height: height, width: width), expected)
    }
  }

  /// As torchvision's networks take small images: the pool stretches a map that is smaller than its own.
  func testAnAdaptivePoolFillsUpSmallImages() throws {
    let spec = pooled.replacing("SIZE", with: "6")
    let large = try network(spec)
    for (height, width) in [(4, 4), (8, 20), (12, 24), (8, 36)] {
      let small = try network(spec.replacing("height=24 width=24", with: "height=\(height) width=\(min(width, 24))"))
      for (from, to) in zip(large.parameters, small.parameters) {
        to.withMutableValues { _ = $0.update(fromContentsOf: from.value.buffer) }
      }
      let x = randomFloats(3 * height * width * 3, seed: 8)
      let expected = try logits(small, crops(small, x, batch: 3, height: height, width: width, step: 4))
      assertClose(try scoreMap(large, x, batch: 3, height: height, width: width), expected)
    }
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "accepted"
    } catch { return "\(error)" }
  }

  func testRefusals() throws {
    let network = try network(unpadded)
    for (height, width) in [(22, 40), (40, 22), (1, 1), (0, 30), (-5, 30)] {
      XCTAssertEqual(
        message { _ = try network.scoreMapSize(height: height, width: width) },
        "dense evaluation: got images of \(height)×\(width) pixels, unpadded needs 27×23 or more")
    }
    XCTAssertThrowsError(try network.scoreMapSize(height: .max, width: 100))
    let convolutions = try self.network(
      """
      network flat
      data channels=3 height=8 width=8
      convolution conv1 outputs=6 kernel=4 stride=4 pad=0,0,0,0 groups=1
      """)
    XCTAssertEqual(
      message { _ = try convolutions.scoreMapSize(height: 9, width: 9) },
      "dense evaluation: flat has no dense layer that could slide over a feature map")
    let perceptron = try self.network("network flat\ndata channels=3 height=8 width=8\ndense fc1 outputs=6\n")
    XCTAssertEqual(
      message { _ = try perceptron.scoreMapSize(height: 8, width: 8) },
      "dense evaluation: flat begins with a dense layer, so there is no feature map for it to slide over")
  }

  /// Layers without weights are rebuilt for each size; per-position weights fit only one size.
  func testLayersOfTheCIFARNets() throws {
    let spec = """
      network cifar
      data channels=3 height=16 width=16
      convolution conv1 outputs=4 kernel=3 stride=1 pad=0,0,0,0 groups=1
      tanh tanh1
      average_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0 count_include_pad=0
      convolution conv2 outputs=6 kernel=3 stride=1 pad=0,0,0,0 groups=1
      sigmoid sigmoid2
      LAST
      dense fc8 outputs=5
      softmax prob
      """
    let shared = try network(spec.replacing("LAST", with: "relu relu2"))
    let x = randomFloats(24 * 30 * 3, seed: 10)
    let expected = try logits(shared, crops(shared, x, batch: 1, height: 24, width: 30, step: 2))
    assertClose(try scoreMap(shared, x, batch: 1, height: 24, width: 30), expected)

    let local = try network(
      spec.replacing("LAST", with: "locally_connected local3 outputs=4 kernel=3 stride=1 pad=1,1,1,1"))
    let many = randomFloats(9 * 16 * 16 * 3, seed: 11)
    XCTAssertEqual(try scoreMap(local, many, batch: 9, height: 16, width: 16), try logits(local, many))
    XCTAssertThrowsError(try local.scoreMapSize(height: 18, width: 16)) { error in
      guard case EngineError.unsupported(let text) = error else { return XCTFail("\(error)") }
      XCTAssertTrue(text.contains("cifar, node local3: got 6×6×5, the weights belong to an input of 6×5×5"), text)
    }
  }

  func testNoImagesAreRefused() throws {
    let network = try smallNetwork()
    var nothing: [Float] = []
    for batch in [0, -1] {
      XCTAssertThrowsError(
        try network.scoreMap(
          batch: batch, height: 50, width: 41, input: { _, _, _ in XCTFail("asked for images") }, into: &nothing)
      ) { XCTAssertEqual("\($0)", "dense evaluation: got \(batch) images, expected at least 1") }
    }
  }

  func testResizedLayersShareTheirParametersAndKeepTheirStride() throws {
    let padding = Padding(top: 0, left: 0, bottom: 1, right: 1)
    let spec = ConvolutionSpec(outputs: 6, kernel: 3, stride: 9, padding: padding, groups: 2)
    let input = FeatureShape(height: 5, width: 5, channels: 4)
    let layer = try XCTUnwrap(
      spec.makeLayer(LayerSite(name: "conv", input: input, dropouts: 0)) as? ConvolutionLayer)
    let resized = try layer.resized(to: FeatureShape(height: 30, width: 21, channels: 4))
    XCTAssertEqual(resized.outputShape, FeatureShape(height: 4, width: 3, channels: 6))
    for (a, b) in zip(layer.parameters, resized.parameters) { XCTAssertTrue(a === b) }
    XCTAssertThrowsError(try layer.resized(to: FeatureShape(height: 30, width: 21, channels: 6)))
    XCTAssertThrowsError(try layer.resized(to: FeatureShape(height: 1, width: 21, channels: 4)))
    let dense = try DenseLayer("fc", input: FeatureShape(height: 2, width: 2, channels: 4), outputs: 3)
    XCTAssertThrowsError(try dense.resized(to: FeatureShape(height: 3, width: 2, channels: 4))) {
      XCTAssertEqual("\($0)", "got 4×3×2, the weights belong to an input of 4×2×2 and no other")
    }
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    let x = randomFloats(3 * 50 * 41 * 3, seed: 9)
    var seen: Set<[Float]> = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      seen.insert(try scoreMap(smallNetwork(), x, batch: 3, height: 50, width: 41))
    }
    XCTAssertEqual(seen.count, 1)
  }

  func testRefusedMemoryIsAnErrorAndTheNextCallWorks() throws {
    let x = randomFloats(2 * 50 * 41 * 3, seed: 9)
    let expected = try scoreMap(smallNetwork(), x, batch: 2, height: 50, width: 41)
    var refusals = 0
    for allocation in 0..<12 {
      let fresh = try smallNetwork()
      TensorMemory.failAllocation(after: allocation)
      defer { TensorMemory.failAllocation(after: -1) }
      do { _ = try scoreMap(fresh, x, batch: 2, height: 50, width: 41) } catch EngineError.outOfMemory { refusals += 1 }
      TensorMemory.failAllocation(after: -1)
      XCTAssertEqual(try scoreMap(fresh, x, batch: 2, height: 50, width: 41), expected)
    }
    XCTAssertGreaterThan(refusals, 2, "two executions and their scratch are allocated")
  }
}
