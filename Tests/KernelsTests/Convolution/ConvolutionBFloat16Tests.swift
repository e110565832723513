import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// Forward pass and input gradient in bfloat16 against the references on the same numbers: a bfloat16 is a float.
final class ConvolutionBFloat16Tests: XCTestCase {
  override func setUp() { continueAfterFailure = true }
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testIntegersAreExactOnAlexNetShapes() throws {
    for c in try ConvolutionCase.alexNet() { try checkIntegers(c) }
  }

  func testIntegersAreExactOnOddShapes() throws {
    for c in try ConvolutionCase.odd() { try checkIntegers(c) }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in try [
      ConvolutionCase("conv3", size: (13, 13), channels: (256, 64), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase(
        "conv1", size: (67, 67), channels: (3, 48), kernel: (11, 11), stride: (4, 4), padding: Padding(2)),
      ConvolutionCase(
        "groups", batch: 2, size: (9, 10), channels: (24, 36), kernel: (5, 3), padding: Padding(1), groups: 2),
    ] { try checkRandom(c) }
  }

  func testWeightsAreRounded() throws {
    let c = try ConvolutionCase("rounding", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    let x = OperandsBFloat16.rounded(RandomValues.integers(c.inputCount, seed: 1))
    let w = RandomValues.uniform(c.weightCount, seed: 2)
    let roundedW = OperandsBFloat16.widened(OperandsBFloat16.rounded(w))
    for variant in KernelVariant.bfloat16() {
      let (y, dx) = try run(c, x, w, nil, relu: false, variant.context)
      let (roundedY, roundedDX) = try run(c, x, roundedW, nil, relu: false, variant.context)
      XCTAssert(y == roundedY && dx == roundedDX, variant.name)
    }
  }

  func testPackedWeightsGiveTheSameBits() throws {
    let cases = try ConvolutionCase.alexNet().prefix(2) + ConvolutionCase.odd().prefix(12)
    for c in cases {
      let x = OperandsBFloat16.rounded(RandomValues.uniform(c.inputCount, seed: 1))
      let w = RandomValues.uniform(c.weightCount, seed: 2)
      for variant in KernelVariant.bfloat16() {
        let context = variant.context
        let bytes = try Convolution.packedByteCount(c.shape, as: BFloat16.self, context: context)
        let packed = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
        try Convolution.pack(
          c.shape, as: BFloat16.self, weights: w, into: UnsafeMutableRawPointer(packed.pointer), context: context)
        var y = [BFloat16](repeating: BFloat16(.nan), count: c.outputCount)
        try Convolution.forward(
          c.shape, input: x, weights: w, packed: UnsafeRawPointer(packed.pointer), bias: nil, relu: true, output: &y,
          context: context)
        XCTAssert(
          try y == forward(c, x, w, nil, relu: true, context), "\(c.name), \(variant.name): other bits when packed")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in try ConvolutionCase.alexNet().prefix(3) + [
      ConvolutionCase("strips", batch: 3, size: (70, 90), channels: (80, 36), kernel: (3, 5), padding: Padding(1))
    ] {
      let x = OperandsBFloat16.rounded(RandomValues.uniform(c.inputCount, seed: 1))
      let w = RandomValues.uniform(c.weightCount, seed: 2)
      for variant in KernelVariant.bfloat16() {
        try ThreadPool.shared.setThreadCount(1)
        let (y, dx) = try run(c, x, w, nil, relu: false, variant.context)
        for count in 2...4 {
          try ThreadPool.shared.setThreadCount(count)
          let (otherY, otherDX) = try run(c, x, w, nil, relu: false, variant.context)
          XCTAssert(y == otherY && dx == otherDX, "\(c.name), \(variant.name): other bits with \(count) threads")
        }
      }
    }
  }

  func testSteadyCallsAllocateNothing() throws {
    for c in try [ConvolutionCase.alexNet()[4], ConvolutionCase.odd()[11]] {
      let x = OperandsBFloat16.rounded(RandomValues.integers(c.inputCount, seed: 1))
      let w = RandomValues.integers(c.weightCount, seed: 2)
      for variant in KernelVariant.bfloat16() {
        _ = try run(c, x, w, nil, relu: true, variant.context)
        let before = TensorMemory.allocationCount
        _ = try run(c, x, w, nil, relu: true, variant.context)
        XCTAssertEqual(TensorMemory.allocationCount, before, "\(c.name), \(variant.name)")
      }
    }
  }

  func testNotANumberPassesThroughTheRectifier() throws {
    let c = try ConvolutionCase("NaN", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    var x = OperandsBFloat16.rounded(RandomValues.integers(c.inputCount, seed: 1))
    x[0] = BFloat16(.nan)
    let w = [Float](repeating: 1, count: c.weightCount)
    for variant in KernelVariant.bfloat16() {
      XCTAssert(try forward(c, x, w, nil, relu: true, variant.context)[0].float.isNaN, variant.name)
    }
  }

  func testTablesWithoutBFloat16Refuse() throws {
    let c = try ConvolutionCase("refused", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    let zeros = [BFloat16](repeating: BFloat16(0), count: c.inputCount)
    let w = [Float](repeating: 0, count: c.weightCount)
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    XCTAssertThrowsError(try forward(c, zeros, w, nil, relu: false, context)) { error in
      guard case EngineError.unsupported(let text) = error else { return XCTFail("\(error)") }
      XCTAssert(text.hasPrefix("convolution: got bfloat16") && text.contains("portable"), text)
    }
  }

  private func checkIntegers(_ c: ConvolutionCase) throws {
    let (x, w) = (RandomValues.integers(c.inputCount, seed: 1), RandomValues.integers(c.weightCount, seed: 2))
    let (b, dy) = (
      RandomValues.integers(c.shape.outputChannels, seed: 3), RandomValues.integers(c.outputCount, seed: 4)
    )
    var y = [Float](repeating: 0, count: c.outputCount)
    Reference.convolutionForward(c.shape, input: x, weights: w, bias: b, relu: false, output: &y)
    var dx = [Float](repeating: 0, count: c.inputCount)
    Reference.convolutionBackwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx)
    let (narrowX, narrowDY) = (OperandsBFloat16.rounded(x), OperandsBFloat16.rounded(dy))
    for variant in KernelVariant.bfloat16() {
      let (message, context) = ("\(c.name), \(variant.name)", variant.context)
      for (relu, expected) in [(false, y), (true, y.map { max($0, 0) })] {
        let found = try forward(c, narrowX, w, b, relu: relu, context)
        XCTAssertNil(OperandsBFloat16.firstDifference(found, expected: expected), "\(message), relu \(relu)")
      }
      let found = try backwardData(c, narrowDY, w, context)
      XCTAssertNil(OperandsBFloat16.firstDifference(found, expected: dx), "\(message), backward data")
    }
  }

  private func checkRandom(_ c: ConvolutionCase) throws {
    let x = OperandsBFloat16.rounded(RandomValues.uniform(c.inputCount, seed: 1))
    let w = OperandsBFloat16.rounded(RandomValues.uniform(c.weightCount, seed: 2))
    let dy = OperandsBFloat16.rounded(RandomValues.uniform(c.outputCount, seed: 3))
    func reference(_ convert: (Double) -> Double) -> (y: [Double], dx: [Double]) {
      let (x, w, dy) = (
        OperandsBFloat16.doubles(x).map(convert), OperandsBFloat16.doubles(w).map(convert),
        OperandsBFloat16.doubles(dy).map(convert)
      )
      var y = [Double](repeating: 0, count: c.outputCount)
      var dx = [Double](repeating: 0, count: c.inputCount)
      Reference.convolutionForward(c.shape, input: x, weights: w, bias: nil, relu: false, output: &y)
      Reference.convolutionBackwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx)
      return (y, dx)
    }
    let (expected, sizes) = (reference { $0 }, reference(abs))
    let taps = c.shape.kernelHeight * c.shape.kernelWidth
    for variant in KernelVariant.bfloat16() {
      let weights = OperandsBFloat16.widened(w)
      let y = try forward(c, x, weights, nil, relu: false, variant.context)
      let dx = try backwardData(c, dy, weights, variant.context)
      for (direction, actual, expected, channels, sizes) in [
        ("forward", y, expected.y, c.shape.inputChannels, sizes.y),
        ("backward data", dx, expected.dx, c.shape.outputChannels, sizes.dx),
      ] {
        let beyond = OperandsBFloat16.firstBeyond(
          actual, expected: expected, terms: taps * channels / c.shape.groups, magnitudes: sizes)
        XCTAssertNil(beyond, "\(c.name), \(variant.name), \(direction)")
      }
    }
  }

  /// Both directions; the outputs serve as their own gradient.
  private func run(
    _ c: ConvolutionCase, _ x: [BFloat16], _ w: [Float], _ b: [Float]?, relu: Bool, _ context: ComputeContext
  ) throws -> (y: [BFloat16], dx: [BFloat16]) {
    let y = try forward(c, x, w, b, relu: relu, context)
    return (y, try backwardData(c, y, w, context))
  }

  private func forward(
    _ c: ConvolutionCase, _ x: [BFloat16], _ w: [Float], _ b: [Float]?, relu: Bool, _ context: ComputeContext
  ) throws -> [BFloat16] {
    // Anything a kernel fails to write stays NaN.
    var y = [BFloat16](repeating: BFloat16(.nan), count: c.outputCount)
    if let b {
      try Convolution.forward(c.shape, input: x, weights: w, bias: b, relu: relu, output: &y, context: context)
    } else {
      try Convolution.forward(c.shape, input: x, weights: w, bias: nil, relu: relu, output: &y, context: context)
    }
    return y
  }

  private func backwardData(
    _ c: ConvolutionCase, _ dy: [BFloat16], _ w: [Float], _ context: ComputeContext
  ) throws -> [BFloat16] {
    var dx = [BFloat16](repeating: BFloat16(.nan), count: c.inputCount)
    try Convolution.backwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx, context: context)
    return dx
  }
}
