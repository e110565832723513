import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

final class DenseQuantizedTests: XCTestCase {
  private struct Case {
    let batch: Int
    let inputs: Int
    let outputs: Int
    var name: String { "\(batch) × \(inputs) × \(outputs)" }
  }

  private let cases = [
    Case(batch: 1, inputs: 1, outputs: 1), Case(batch: 1, inputs: 300, outputs: 1000),
    Case(batch: 1, inputs: 9216, outputs: 67), Case(batch: 2, inputs: 2049, outputs: 64),
    Case(batch: 7, inputs: 61, outputs: 10), Case(batch: 8, inputs: 257, outputs: 33),
    Case(batch: 33, inputs: 600, outputs: 100), Case(batch: 200, inputs: 70, outputs: 1000),
  ]

  private func quantized(_ c: Case, _ w: [Float], _ context: ComputeContext) throws -> AlignedBuffer<UInt8> {
    let bytes = try Dense.quantizedByteCount(inputs: c.inputs, outputs: c.outputs)
    let memory = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
    try Dense.quantize(
      inputs: c.inputs, outputs: c.outputs, weights: w, into: UnsafeMutableRawPointer(memory.pointer),
      context: context)
    return memory
  }

  private func forward(
    _ c: Case, _ x: [Float], _ memory: AlignedBuffer<UInt8>, bias: [Float], relu: Bool, _ context: ComputeContext
  ) throws -> [Float] {
    var y = [Float](repeating: .nan, count: c.batch * c.outputs)
    try Dense.forward(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, quantized: UnsafeRawPointer(memory.pointer),
      bias: bias, relu: relu, output: &y, context: context)
    return y
  }

  private func scales(_ c: Case, _ memory: AlignedBuffer<UInt8>) -> [Float] {
    UnsafeRawPointer(memory.pointer).withMemoryRebound(to: Float.self, capacity: c.outputs) {
      Array(UnsafeBufferPointer(start: $0, count: c.outputs))
    }
  }

  private func values(_ c: Case, _ memory: AlignedBuffer<UInt8>) -> [Int8] {
    memory.buffer.suffix(c.inputs * c.outputs).map { Int8(bitPattern: $0) }
  }

  func testBytesAndScalesAreTheReferences() throws {
    for c in cases {
      let w = RandomValues.uniform(c.inputs * c.outputs, seed: 2)
      let expected = Reference.quantizeDense(inputs: c.inputs, outputs: c.outputs, weights: w)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let memory = try quantized(c, w, variant.context)
        XCTAssertEqual(scales(c, memory), expected.scales, "\(c.name), \(variant.name)")
        XCTAssertEqual(values(c, memory), expected.values, "\(c.name), \(variant.name)")
      }
      XCTAssert(expected.values.contains { abs($0) == 127 })
      for (index, q) in expected.values.enumerated() {
        let scale = expected.scales[index % c.outputs]
        XCTAssertLessThanOrEqual(abs(Float(q) * scale - w[index]), (0.5 + 127 * .ulpOfOne) * scale)
      }
    }
  }

  func testHalvesGoToTheEvenInteger() throws {
    let c = Case(batch: 1, inputs: 9, outputs: 1)
    let w: [Float] = [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, -127, 126.5]
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let memory = try quantized(c, w, variant.context)
      XCTAssertEqual(values(c, memory), [127, 0, 2, 2, 0, -2, -2, -127, 126], variant.name)
    }
  }

  /// Weights that are integers up to ±127 times a power of two are exact.
  func testIntegersAreExact() throws {
    for c in cases {
      let x = RandomValues.integers(c.batch * c.inputs, seed: 1)
      var w = RandomValues.integers(c.inputs * c.outputs, seed: 2, magnitude: 127)
      for n in 0..<c.outputs { w[n] = n % 2 == 0 ? 127 : -127 }
      for index in w.indices where index % c.outputs % 3 == 1 { w[index] /= 4 }
      let bias = RandomValues.integers(c.outputs, seed: 3)
      var expected = [Float](repeating: 0, count: c.batch * c.outputs)
      Reference.denseForward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, bias: bias, relu: true,
        output: &expected)
      for variant in KernelVariant.all() {
        let memory = try quantized(c, w, variant.context)
        let actual = try forward(c, x, memory, bias: bias, relu: true, variant.context)
        XCTAssertNil(Tolerance.firstDifference(actual, expected: expected), "\(c.name), \(variant.name)")
      }
    }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in cases {
      let x = RandomValues.uniform(c.batch * c.inputs, seed: 1)
      let w = RandomValues.uniform(c.inputs * c.outputs, seed: 2)
      let bias = [Float](repeating: 0, count: c.outputs)
      let (scales, values) = Reference.quantizeDense(inputs: c.inputs, outputs: c.outputs, weights: w)
      func reference(_ convert: (Float) -> Double, _ bytes: [Int8]) -> [Double] {
        var y = [Double](repeating: 0, count: c.batch * c.outputs)
        Reference.quantizedDenseForward(
          batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x.map(convert), scales: scales, values: bytes,
          bias: nil, relu: false, output: &y)
        return y
      }
      let expected = reference({ Double($0) }, values)
      let sizes = reference({ Double(abs($0)) }, values.map { abs($0) })
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let actual = try forward(
          c, x, try quantized(c, w, variant.context), bias: bias, relu: false, variant.context)
        let beyond = Tolerance.firstBeyond(actual, expected: expected, terms: c.inputs + 2, magnitudes: sizes)
        XCTAssertNil(beyond, "\(c.name), \(variant.name)")
      }
    }
  }

  func testOutputsWithoutWeightsGiveTheirBias() throws {
    let c = Case(batch: 1, inputs: 3, outputs: 2)
    let tiny = Float.leastNonzeroMagnitude
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let memory = try quantized(c, [0, tiny, 0, -tiny, 0, tiny], variant.context)
      XCTAssertEqual(values(c, memory), [0, 0, 0, 0, 0, 0], variant.name)
      XCTAssertEqual(
        try forward(c, [1, 2, 3], memory, bias: [0.25, -2], relu: false, variant.context), [0.25, -2], variant.name)
    }
  }

  func testWeightsThatAreNotFiniteAreRefused() throws {
    let c = Case(batch: 1, inputs: 3, outputs: 2)
    for bad in [Float.nan, .infinity, -.infinity] {
      for variant in KernelVariant.all(withOpenBLAS: false) {
        XCTAssertThrowsError(try quantized(c, [1, 2, 3, bad, 5, 6], variant.context)) { error in
          guard case EngineError.nonFinite(let message) = error else { return XCTFail("\(error)") }
          XCTAssert(message.contains("from input 1 to output 1"), message)
        }
      }
    }
  }

  func testARowHasTheSameBitsInAnyCompany() throws {
    let most = SameBits.batches.max() ?? 1
    for (inputs, outputs) in [(1, 1), (300, 1000), (2049, 67), (61, 10), (257, 33), (513, 4096)] {
      let (w, b) = (RandomValues.uniform(inputs * outputs, seed: 2), RandomValues.uniform(outputs, seed: 3))
      let x = RandomValues.uniform(most * inputs, seed: 1)
      for variant in KernelVariant.all() {
        let memory = try quantized(Case(batch: most, inputs: inputs, outputs: outputs), w, variant.context)
        let difference = try SameBits.firstDifference(x) { x, rows in
          try forward(
            Case(batch: rows, inputs: inputs, outputs: outputs), x, memory, bias: b, relu: outputs == 10,
            variant.context)
        }
        XCTAssertNil(difference, "\(inputs) × \(outputs), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in [Case(batch: 1, inputs: 2000, outputs: 1300), Case(batch: 40, inputs: 1200, outputs: 700)] {
      let x = RandomValues.uniform(c.batch * c.inputs, seed: 1)
      let w = RandomValues.uniform(c.inputs * c.outputs, seed: 2)
      let bias = RandomValues.uniform(c.outputs, seed: 3)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        var first: [Float]?
        for count in 1...4 {
          try ThreadPool.shared.setThreadCount(count)
          let memory = try quantized(c, w, variant.context)
          let y = try forward(c, x, memory, bias: bias, relu: true, variant.context)
          XCTAssertEqual(y, first ?? y, "\(c.name), \(variant.name), \(count) threads")
          first = y
        }
      }
    }
  }
}
