import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

final class ConvolutionTests: XCTestCase {
  override func setUp() { continueAfterFailure = true }

  func testIntegersAreExactOnAlexNetShapes() throws {
    for c in try ConvolutionCase.alexNet() { try checkIntegers(c) }
  }

  func testIntegersAreExactOnOddShapes() throws {
    for c in try ConvolutionCase.odd() { try checkIntegers(c) }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    let cases = try [
      ConvolutionCase(
        "conv3", size: (13, 13), channels: (256, 64), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase(
        "conv1", size: (67, 67), channels: (3, 48), kernel: (11, 11), stride: (4, 4), padding: Padding(2)),
      ConvolutionCase(
        "groups", batch: 2, size: (9, 10), channels: (24, 36), kernel: (5, 3), padding: Padding(1), groups: 2),
    ]
    for c in cases { try checkRandom(c) }
  }

  func testPackedWeightsGiveTheSameBits() throws {
    for c in try ConvolutionCase.odd() {
      let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
      let bias = RandomValues.uniform(c.shape.outputChannels, seed: 3)
      for variant in KernelVariant.all() {
        let expected = try ConvolutionRun.forward(c, x, w, bias, relu: true, variant.context)
        let bytes = try Convolution.packedByteCount(c.shape, as: Float.self, context: variant.context)
        guard bytes > 0 else { continue }
        let packed = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
        try Convolution.pack(
          c.shape, as: Float.self, weights: w, into: UnsafeMutableRawPointer(packed.pointer),
          context: variant.context)
        // The unpacked weights are not read again.
        let nothing = [Float](repeating: .nan, count: c.weightCount)
        var y = [Float](repeating: .nan, count: c.outputCount)
        try Convolution.forward(
          c.shape, input: x, weights: nothing, packed: UnsafeRawPointer(packed.pointer), bias: bias, relu: true,
          output: &y, context: variant.context)
        XCTAssert(y == expected, "\(c.name), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let cases =
      try ConvolutionCase.alexNet().filter { $0.name.hasPrefix("paper") } + [
        ConvolutionCase("strips", batch: 3, size: (70, 90), channels: (5, 36), kernel: (3, 5), padding: Padding(1))
      ]
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in cases {
      let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
      let dy = RandomValues.uniform(c.outputCount, seed: 3)
      for variant in KernelVariant.all() {
        var first: [[Float]]?
        for count in 1...4 {
          try ThreadPool.shared.setThreadCount(count)
          let gradients = try ConvolutionRun.backwardFilter(c, x, dy, start: 0, variant.context)
          let results = [
            try ConvolutionRun.forward(c, x, w, nil, relu: false, variant.context),
            try ConvolutionRun.backwardData(c, dy, w, variant.context), gradients.weights, gradients.bias,
          ]
          if let first {
            XCTAssert(first == results, "\(c.name), \(variant.name): other bits with \(count) threads")
          } else {
            first = results
          }
        }
      }
    }
  }

  func testSteadyCallsAllocateNothing() throws {
    let c = try ConvolutionCase.alexNet()[4]
    let (x, w) = (RandomValues.integers(c.inputCount, seed: 1), RandomValues.integers(c.weightCount, seed: 2))
    let dy = RandomValues.integers(c.outputCount, seed: 3)
    for variant in KernelVariant.all() {
      func step() throws {
        _ = try ConvolutionRun.forward(c, x, w, nil, relu: true, variant.context)
        _ = try ConvolutionRun.backwardData(c, dy, w, variant.context)
        _ = try ConvolutionRun.backwardFilter(c, x, dy, start: 0, variant.context)
      }
      try step()
      let before = TensorMemory.allocationCount
      try step()
      XCTAssertEqual(TensorMemory.allocationCount, before, variant.name)
    }
  }

  func testNotANumberPassesThroughTheRectifier() throws {
    let c = try ConvolutionCase("NaN", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    var x = RandomValues.integers(c.inputCount, seed: 1)
    x[0] = .nan
    let w = [Float](repeating: 1, count: c.weightCount)
    for variant in KernelVariant.all() {
      let y = try ConvolutionRun.forward(c, x, w, nil, relu: true, variant.context)
      XCTAssert(y[0].isNaN, variant.name)
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
    var dw = [Float](repeating: 3, count: c.weightCount)
    var db = [Float](repeating: 3, count: c.shape.outputChannels)
    Reference.convolutionBackwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: &db)

    for variant in KernelVariant.all() {
      let message = "\(c.name), \(variant.name)"
      let (context, rectified) = (variant.context, y.map { max($0, 0) })
      let forward = try ConvolutionRun.forward(c, x, w, b, relu: false, context)
      expect(forward, y, message + ", forward")
      expect(try ConvolutionRun.forward(c, x, w, b, relu: true, context), rectified, message + ", forward with ReLU")
      expect(try ConvolutionRun.backwardData(c, dy, w, context), dx, message + ", backward data")
      let gradients = try ConvolutionRun.backwardFilter(c, x, dy, start: 3, context)
      expect(gradients.weights, dw, message + ", backward filter")
      expect(gradients.bias, db, message + ", bias gradient")
    }
  }

  private func checkRandom(_ c: ConvolutionCase) throws {
    let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
    let dy = RandomValues.uniform(c.outputCount, seed: 3)
    let expected = Float64Convolution(c, x.map(Double.init), w.map(Double.init), dy.map(Double.init))
    let sizes = Float64Convolution(
      c, x.map { Double(abs($0)) }, w.map { Double(abs($0)) }, dy.map { Double(abs($0)) })
    let taps = c.shape.kernelHeight * c.shape.kernelWidth
    let terms = (
      taps * c.shape.inputChannels / c.shape.groups, taps * c.shape.outputChannels / c.shape.groups,
      c.shape.batch * c.shape.outputHeight * c.shape.outputWidth
    )
    for variant in KernelVariant.all() {
      let results = [
        (
          "forward", try ConvolutionRun.forward(c, x, w, nil, relu: false, variant.context), expected.y, terms.0,
          sizes.y
        ),
        ("backward data", try ConvolutionRun.backwardData(c, dy, w, variant.context), expected.dx, terms.1, sizes.dx),
        (
          "backward filter", try ConvolutionRun.backwardFilter(c, x, dy, start: 0, variant.context).weights,
          expected.dw, terms.2, sizes.dw
        ),
      ]
      for (direction, actual, expected, terms, magnitudes) in results {
        let beyond = Tolerance.firstBeyond(actual, expected: expected, terms: terms, magnitudes: magnitudes)
        XCTAssertNil(beyond, "\(c.name), \(variant.name), \(direction)")
      }
    }
  }

  private func expect(_ actual: [Float], _ expected: [Float], _ message: String) {
    XCTAssertNil(Tolerance.firstDifference(actual, expected: expected), message)
  }
}

/// The reference's results in float64.
private struct Float64Convolution {
  var y: [Double]
  var dx: [Double]
  var dw: [Double]

  init(_ c: ConvolutionCase, _ x: [Double], _ w: [Double], _ dy: [Double]) {
    y = [Double](repeating: 0, count: c.outputCount)
    dx = [Double](repeating: 0, count: c.inputCount)
    dw = [Double](repeating: 0, count: c.weightCount)
    Reference.convolutionForward(c.shape, input: x, weights: w, bias: nil, relu: false, output: &y)
    Reference.convolutionBackwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx)
    Reference.convolutionBackwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: nil)
  }
}
