import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// Convolution of bytes against the reference: the same bytes on every instruction set.
final class ConvolutionInt8Tests: XCTestCase {
  /// Zero at the end, as after a ReLU, within, and at the other end.
  private let zeroPoints: [UInt8] = [0, 113, 255]

  func testBytesOnAlexNetShapes() throws {
    for c in try ConvolutionCase.alexNet() { try check(c, zeroPoint: 0) }
    try check(try ConvolutionCase.alexNet()[0], zeroPoint: 121)
  }

  func testBytesOnOddShapes() throws {
    for c in try ConvolutionCase.odd() {
      for zeroPoint in zeroPoints { try check(c, zeroPoint: zeroPoint) }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    let c = try ConvolutionCase.alexNet()[1]
    let operands = try Operands(c, zeroPoint: 7)
    for variant in KernelVariant.int8() {
      try ThreadPool.shared.setThreadCount(1)
      let expected = try operands.bytes(relu: true, variant.context)
      for count in 2...3 {
        try ThreadPool.shared.setThreadCount(count)
        XCTAssertEqual(try operands.bytes(relu: true, variant.context), expected, "\(variant.name), \(count) threads")
      }
    }
  }

  func testLongestSumsFit() throws {
    // Every product has the largest magnitude.
    let inner = 33_155
    let shape = try ConvolutionShape(
      batch: 1, inputHeight: 1, inputWidth: 1, inputChannels: inner, outputChannels: 2, kernelHeight: 1,
      kernelWidth: 1, strideHeight: 1, strideWidth: 1, padding: Padding(0), groups: 1)
    XCTAssert(Convolution.fitsInt8(shape))
    for zeroPoint in [UInt8(0), 255] {
      let c = try ConvolutionCase("longest", size: (1, 1), channels: (inner, 2), kernel: (1, 1))
      var operands = try Operands(c, zeroPoint: zeroPoint)
      operands.input = [UInt8](repeating: 255 - zeroPoint, count: inner)
      operands.weights = (0..<2 * inner).map { $0 % 2 == 0 ? 1 : -1 }
      for variant in KernelVariant.int8() {
        XCTAssertEqual(
          try operands.floats(relu: false, variant.context), operands.expected().floats(relu: false), variant.name)
      }
    }
  }

  func testTooLongSumsAreRefused() throws {
    let shape = try ConvolutionShape(
      batch: 1, inputHeight: 1, inputWidth: 1, inputChannels: 33_156, outputChannels: 1, kernelHeight: 1,
      kernelWidth: 1, strideHeight: 1, strideWidth: 1, padding: Padding(0), groups: 1)
    XCTAssertFalse(Convolution.fitsInt8(shape))
  }

  func testWeightsAndBiasesThatAreNotFiniteAreRefused() throws {
    let c = try ConvolutionCase("small", size: (4, 4), channels: (3, 5), kernel: (3, 3))
    for bad in [Float.nan, .infinity] {
      var operands = try Operands(c, zeroPoint: 0)
      operands.weights[17] = bad
      XCTAssertThrowsError(try operands.bytes(relu: false, KernelVariant.int8()[0].context)) {
        XCTAssertEqual(
          $0 as? EngineError,
          .nonFinite(
            "int8 weights: weight 3 of output 2 is \(bad), expected finite weights"))
      }
      operands = try Operands(c, zeroPoint: 0)
      operands.bias[4] = bad
      XCTAssertThrowsError(try operands.bytes(relu: false, KernelVariant.int8()[0].context)) {
        XCTAssertEqual($0 as? EngineError, .nonFinite("int8: the bias of output 4 is \(bad), expected finite biases"))
      }
    }
  }

  private func check(_ c: ConvolutionCase, zeroPoint: UInt8) throws {
    let operands = try Operands(c, zeroPoint: zeroPoint)
    let expected = operands.expected()
    for variant in KernelVariant.int8() {
      for relu in [false, true] {
        let name = "\(c.name), zero point \(zeroPoint), relu \(relu), \(variant.name)"
        XCTAssertEqual(try operands.bytes(relu: relu, variant.context), expected.bytes(relu: relu), name)
        XCTAssertEqual(try operands.floats(relu: relu, variant.context), expected.floats(relu: relu), name)
      }
    }
  }
}

private struct Operands {
  let shape: ConvolutionShape
  let quantization: Quantization
  let output: Quantization
  var input: [UInt8]
  var weights: [Float]
  var bias: [Float]
  private let outputCount: Int

  init(_ c: ConvolutionCase, zeroPoint: UInt8) throws {
    shape = c.shape
    quantization = try Quantization(scale: 0.013, zeroPoint: zeroPoint)
    let inner = c.weightCount / c.shape.outputChannels
    // Most sums fall within the bytes, some at their ends.
    output = try Quantization(scale: 0.01 * Float(inner).squareRoot(), zeroPoint: 101)
    input = RandomValues.integers(c.inputCount, seed: 1, magnitude: 127).map { UInt8($0 + 127) }
    weights = RandomValues.uniform(c.weightCount, seed: 2)
    bias = RandomValues.uniform(c.shape.outputChannels, seed: 3)
    outputCount = c.outputCount
  }

  private func packed(_ context: ComputeContext) throws -> AlignedBuffer<UInt8> {
    let bytes = try Convolution.packedByteCount(shape, as: Int8.self, context: context)
    let memory = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
    try Convolution.pack(
      shape, as: Int8.self, weights: weights, into: UnsafeMutableRawPointer(memory.pointer), context: context)
    return memory
  }

  func bytes(relu: Bool, _ context: ComputeContext) throws -> [UInt8] {
    let memory = try packed(context)
    var y = [UInt8](repeating: 0, count: outputCount)
    try withExtendedLifetime(memory) {
      try Convolution.forward(
        shape, input: input, inputQuantization: quantization, packed: UnsafeRawPointer(memory.pointer), bias: bias,
        relu: relu, output: &y, outputQuantization: output, context: context)
    }
    return y
  }

  func floats(relu: Bool, _ context: ComputeContext) throws -> [Float] {
    let memory = try packed(context)
    var y = [Float](repeating: .nan, count: outputCount)
    try withExtendedLifetime(memory) {
      try Convolution.forward(
        shape, input: input, inputQuantization: quantization, packed: UnsafeRawPointer(memory.pointer), bias: bias,
        relu: relu, output: &y, context: context)
    }
    return y
  }

  func expected() -> Expected {
    let (sums, scales) = Reference.convolutionInt8Sums(shape, input: input, quantization, weights: weights)
    return Expected(operands: self, sums: sums, scales: scales)
  }

  struct Expected {
    let operands: Operands
    let sums: [Double]
    let scales: [Float]

    func bytes(relu: Bool) -> [UInt8] {
      Reference.requantize(
        sums, from: operands.quantization, scales: scales, bias: operands.bias, relu: relu, to: operands.output)
    }

    func floats(relu: Bool) -> [Float] {
      Reference.dequantize(sums, from: operands.quantization, scales: scales, bias: operands.bias, relu: relu)
    }
  }
}
