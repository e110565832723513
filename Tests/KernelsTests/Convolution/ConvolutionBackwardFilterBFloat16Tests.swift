import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// The filter gradient in bfloat16 against the reference on the same numbers in float32: a bfloat16 is a float.
final class ConvolutionBackwardFilterBFloat16Tests: XCTestCase {
  override func setUp() { continueAfterFailure = true }
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testIntegersAreExactOnAlexNetShapes() throws {
    for c in try ConvolutionCase.alexNet() { try checkIntegers(c) }
  }

  func testIntegersAreExactOnOddShapes() throws {
    for c in try ConvolutionCase.odd() + Self.cut() { try checkIntegers(c) }
  }

  /// Shapes divided in every way: several images at once with a remainder, strips of rows, calls within a strip,
  /// blocks of channels and of panels.
  private static func cut() throws -> [ConvolutionCase] {
    try [
      .init("images at once", batch: 7, size: (6, 5), channels: (9, 40), kernel: (3, 3), padding: Padding(1)),
      .init("images at once, stride", batch: 7, size: (9, 7), channels: (5, 33), kernel: (3, 5), stride: (2, 3)),
      .init("strips of rows", size: (60, 230), channels: (40, 5), kernel: (3, 3), padding: Padding(1)),
      .init("a row is a strip", size: (3, 2000), channels: (70, 3), kernel: (3, 3), padding: Padding(1)),
      .init("wide kernel", batch: 2, size: (12, 40), channels: (2, 35), kernel: (2, 21), padding: Padding(10)),
      .init("blocks", batch: 2, size: (5, 6), channels: (200, 300), kernel: (3, 3), padding: Padding(1)),
      .init("few channels", batch: 3, size: (20, 20), channels: (3, 64), kernel: (5, 5), padding: Padding(2)),
      .init("few channels, few columns", batch: 3, size: (20, 20), channels: (3, 6), kernel: (3, 2), stride: (1, 4)),
    ]
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in try [
      ConvolutionCase("conv3", batch: 3, size: (13, 13), channels: (64, 64), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase(
        "conv1", size: (67, 67), channels: (3, 48), kernel: (11, 11), stride: (4, 4), padding: Padding(2)),
    ] {
      let x = OperandsBFloat16.rounded(RandomValues.uniform(c.inputCount, seed: 1))
      let dy = OperandsBFloat16.rounded(RandomValues.uniform(c.outputCount, seed: 2))
      func reference(_ x: [Double], _ dy: [Double]) -> [Double] {
        var dw = [Double](repeating: 0, count: c.weightCount)
        Reference.convolutionBackwardFilter(
          c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: nil)
        return dw
      }
      let (wideX, wideDY) = (OperandsBFloat16.doubles(x), OperandsBFloat16.doubles(dy))
      let (expected, sizes) = (reference(wideX, wideDY), reference(wideX.map(abs), wideDY.map(abs)))
      for variant in KernelVariant.bfloat16() {
        let beyond = Tolerance.firstBeyond(
          try gradients(c, x, dy, start: 0, variant.context).weights, expected: expected,
          terms: c.shape.batch * c.shape.outputHeight * c.shape.outputWidth, magnitudes: sizes)
        XCTAssertNil(beyond, "\(c.name), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in try [
      ConvolutionCase(
        "conv2", batch: 2, size: (27, 27), channels: (96, 64), kernel: (5, 5), padding: Padding(2), groups: 2),
      ConvolutionCase("conv1", batch: 2, size: (67, 67), channels: (3, 96), kernel: (11, 11), stride: (4, 4)),
    ] {
      let x = OperandsBFloat16.rounded(RandomValues.uniform(c.inputCount, seed: 1))
      let dy = OperandsBFloat16.rounded(RandomValues.uniform(c.outputCount, seed: 2))
      for variant in KernelVariant.bfloat16() {
        try ThreadPool.shared.setThreadCount(1)
        let first = try gradients(c, x, dy, start: 0, variant.context)
        for count in 2...4 {
          try ThreadPool.shared.setThreadCount(count)
          XCTAssert(
            try gradients(c, x, dy, start: 0, variant.context) == first, "\(c.name), \(variant.name): \(count) threads")
        }
      }
    }
  }

  func testSteadyCallsAllocateNothing() throws {
    let c = try ConvolutionCase(
      "steady", batch: 2, size: (13, 13), channels: (32, 64), kernel: (3, 3), padding: Padding(1))
    let x = OperandsBFloat16.rounded(RandomValues.integers(c.inputCount, seed: 1))
    let dy = OperandsBFloat16.rounded(RandomValues.integers(c.outputCount, seed: 2))
    for variant in KernelVariant.bfloat16() {
      _ = try gradients(c, x, dy, start: 0, variant.context)
      let before = TensorMemory.allocationCount
      _ = try gradients(c, x, dy, start: 0, variant.context)
      XCTAssertEqual(TensorMemory.allocationCount, before, variant.name)
    }
  }

  func testTablesWithoutBFloat16Refuse() throws {
    let c = try ConvolutionCase("refused", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    let zeros = [BFloat16](repeating: BFloat16(0), count: max(c.inputCount, c.outputCount))
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    XCTAssertThrowsError(try gradients(c, zeros, zeros, start: 0, context)) { error in
      guard case EngineError.unsupported(let text) = error else { return XCTFail("\(error)") }
      XCTAssert(text.hasPrefix("convolution: got bfloat16"), text)
      XCTAssert(text.contains("portable"), text)
    }
  }

  private func checkIntegers(_ c: ConvolutionCase) throws {
    let (x, dy) = (RandomValues.integers(c.inputCount, seed: 1), RandomValues.integers(c.outputCount, seed: 2))
    var dw = [Float](repeating: 3, count: c.weightCount)
    var db = [Float](repeating: 3, count: c.shape.outputChannels)
    Reference.convolutionBackwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: &db)
    let (narrowX, narrowDY) = (OperandsBFloat16.rounded(x), OperandsBFloat16.rounded(dy))
    for variant in KernelVariant.bfloat16() {
      let found = try gradients(c, narrowX, narrowDY, start: 3, variant.context)
      XCTAssertNil(Tolerance.firstDifference(found.weights, expected: dw), "\(c.name), \(variant.name)")
      XCTAssertNil(Tolerance.firstDifference(found.bias, expected: db), "\(c.name), \(variant.name), bias")
    }
  }

  /// The gradients of weights and bias, added to `start`.
  private func gradients(
    _ c: ConvolutionCase, _ x: [BFloat16], _ dy: [BFloat16], start: Float, _ context: ComputeContext
  ) throws -> (weights: [Float], bias: [Float]) {
    var dw = [Float](repeating: start, count: c.weightCount)
    var db = [Float](repeating: start, count: c.shape.outputChannels)
    try Convolution.backwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: &db, context: context)
    return (dw, db)
  }
}
