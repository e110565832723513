import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Networks

final class NetworkTests: XCTestCase {
  private let batch = 3

  private func input(_ network: Network, images: Int? = nil) -> [Float] {
    randomFloats((images ?? batch) * network.spec.input.count, seed: 7)
  }

  private func logits(_ network: Network, _ x: [Float], layout: TensorLayout = .nhwc) throws -> [Float] {
    let images = x.count / network.spec.input.count
    var output = [Float](repeating: .nan, count: images * network.classCount)
    try network.forward(x, batch: images, layout: layout, into: &output)
    return output
  }

  func testNCHWAndNHWCAgree() throws {
    let network = try smallNetwork()
    let (shape, x) = (network.spec.input, input(network))
    var nchw = x
    for image in 0..<batch {
      for channel in 0..<shape.channels {
        for pixel in 0..<(shape.height * shape.width) {
          nchw[image * shape.count + channel * shape.height * shape.width + pixel] =
            x[image * shape.count + pixel * shape.channels + channel]
        }
      }
    }
    XCTAssertEqual(try logits(network, x), try logits(network, nchw, layout: .nchw))
  }

  func testKeptForwardEqualsInference() throws {
    let network = try smallNetwork()
    let x = input(network)
    var kept = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: nil, into: &kept)
    XCTAssertEqual(kept, try logits(network, x))
  }

  func testDropoutActsOnlyWhenAsked() throws {
    let network = try smallNetwork()
    let x = input(network)
    func training(step: UInt64) throws -> [Float] {
      var output = [Float](repeating: .nan, count: batch * network.classCount)
      try network.forwardKeeping(
        x, batch: batch, layout: .nhwc, dropout: DropoutKey(seed: 3, step: step), into: &output)
      return output
    }
    XCTAssertEqual(try training(step: 1), try training(step: 1))
    XCTAssertNotEqual(try training(step: 1), try training(step: 2))
    XCTAssertNotEqual(try training(step: 1), try logits(network, x))
  }

  func testCaptureTellsConvolutionFromReLU() throws {
    let network = try smallNetwork()
    let x = input(network)
    let count = batch * 8 * 15 * 14
    var conv = [Float](repeating: .nan, count: count)
    var relu = conv
    try conv.withUnsafeMutableBufferPointer { conv in
      try relu.withUnsafeMutableBufferPointer { relu in
        let outputs = [try XCTUnwrap(conv.baseAddress), try XCTUnwrap(relu.baseAddress)]
        try network.capture(["conv1", "relu1"], of: x, batch: batch, layout: .nhwc, into: outputs)
      }
    }
    XCTAssertTrue(conv.contains { $0 < 0 })
    XCTAssertEqual(conv.map { max(0, $0) }, relu)
  }

  func testCaptureOfEveryNodeFollowsTheWholePass() throws {
    let network = try smallNetwork()
    let x = input(network)
    let names = network.spec.nodes.map(\.name)
    let buffers = try network.layers.map {
      try AlignedBuffer<Float>(count: batch * $0.outputShape.count, operation: "test")
    }
    try network.capture(names, of: x, batch: batch, layout: .nhwc, into: buffers.map(\.pointer))
    try withExtendedLifetime(buffers) {
      XCTAssertEqual(Array(buffers[network.logitsNode].buffer), try logits(network, x))
      XCTAssertEqual(buffers[names.count - 1].buffer.reduce(0, +), Float(batch), accuracy: 1e-5)
    }
  }

  func testUnknownNodeNamesTheKnown() throws {
    let network = try smallNetwork()
    XCTAssertThrowsError(try network.node(named: "conv9")) { error in
      XCTAssertTrue("\(error)".contains("conv1, relu1, norm1"), "\(error)")
    }
  }

  func testBackwardAgreesWithDifferences() throws {
    try checkBackward(of: smallNetwork(), batch: batch)
  }

  func testBackwardReplacesOrAdds() throws {
    let network = try smallNetwork()
    let x = input(network)
    let dlogits = randomFloats(batch * network.classCount, seed: 9)
    var output = [Float](repeating: 0, count: dlogits.count)
    func gradients(accumulate: Bool) throws -> [[Float]] {
      try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: nil, into: &output)
      try network.backward(dlogits, batch: batch, layout: .nhwc, accumulate: accumulate, inputGradient: nil)
      return try network.parameters.map { Array(try $0.makeGradient().buffer) }
    }
    let once = try gradients(accumulate: false)
    XCTAssertEqual(once, try gradients(accumulate: false))
    let twice = try gradients(accumulate: true)
    for (single, double) in zip(once.joined(), twice.joined()) {
      XCTAssertEqual(double, 2 * single, accuracy: 1e-5 * max(1, abs(double)))
    }
  }

  func testBackwardNeedsAKeptForward() throws {
    let network = try smallNetwork()
    let dlogits = randomFloats(batch * network.classCount, seed: 9)
    XCTAssertThrowsError(
      try network.backward(dlogits, batch: batch, layout: .nhwc, accumulate: false, inputGradient: nil)
    ) { XCTAssertTrue("\($0)".contains("no forward pass has been kept")) }
    var output = [Float](repeating: 0, count: dlogits.count)
    try network.forwardKeeping(input(network), batch: batch, layout: .nhwc, dropout: nil, into: &output)
    XCTAssertThrowsError(
      try network.backward(dlogits, batch: 2, layout: .nhwc, accumulate: false, inputGradient: nil)
    ) { XCTAssertTrue("\($0)".contains("got gradients of 2 images, the kept forward pass had 3")) }
  }

  func testSameBitsForAnyNumberOfThreads() throws {
    let before = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(before) }
    var seen: [[Float]] = []
    for threads in 1...4 {
      try ThreadPool.shared.setThreadCount(threads)
      let network = try smallNetwork()
      seen.append(try logits(network, input(network)))
    }
    XCTAssertEqual(Set(seen).count, 1)
  }

  func testConcurrentInferenceGivesTheSameBits() throws {
    let network = try smallNetwork()
    let x = input(network)
    let expected = try logits(network, x)
    HostThread.run(8) {
      for _ in 0..<10 { XCTAssertEqual(try? self.logits(network, x), expected) }
    }
  }

  func testRefusedMemoryIsAnErrorAndTheNextCallWorks() throws {
    let network = try smallNetwork()
    let x = input(network)
    let expected = try logits(network, x)
    var refusals = 0
    for allocation in 0..<12 {
      let fresh = try smallNetwork()
      TensorMemory.failAllocation(after: allocation)
      defer { TensorMemory.failAllocation(after: -1) }
      do { _ = try logits(fresh, x) } catch EngineError.outOfMemory { refusals += 1 }
      TensorMemory.failAllocation(after: -1)
      XCTAssertEqual(try logits(fresh, x), expected)
    }
    XCTAssertGreaterThan(refusals, 1, "a first pass allocates activations and scratch")
  }

  func testSmallerBatchUsesTheSameMemory() throws {
    let network = try smallNetwork()
    _ = try logits(network, input(network))
    let allocations = TensorMemory.allocationCount
    _ = try logits(network, input(network, images: 2))
    _ = try logits(network, input(network))
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }

  func testArithmeticsInTurnUseTheSameMemory() throws {
    let network = try smallNetwork()
    // More images than a chunk: two kinds of work in each arithmetic.
    let images = 40 * ThreadPool.shared.threadCount + 1
    let x = input(network, images: images)
    var output = [Float](repeating: .nan, count: images * network.classCount)
    func computeInTurn() throws {
      for arithmetic in [Arithmetic(), Arithmetic(int8DenseWeights: true), Arithmetic(fastMath: true)] {
        try network.forward(x, batch: images, layout: .nhwc, arithmetic: arithmetic, into: &output)
      }
    }
    try computeInTurn()
    let allocations = TensorMemory.allocationCount
    try computeInTurn()
    XCTAssertEqual(TensorMemory.allocationCount, allocations)
  }
}
