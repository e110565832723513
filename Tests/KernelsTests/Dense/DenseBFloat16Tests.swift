import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// Dense layers in bfloat16 against the references on the same numbers: a bfloat16 is a float.
final class DenseBFloat16Tests: XCTestCase {
  override func setUp() { continueAfterFailure = true }
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  private struct Case {
    let batch: Int
    let inputs: Int
    let outputs: Int
    var name: String { "\(batch) × \(inputs) × \(outputs)" }
  }

  private struct Results: Equatable {
    var y: [BFloat16]
    var scores: [Float]
    var dx: [BFloat16]
    var dw: [Float]
    var db: [Float]
  }

  private let cases = [
    Case(batch: 1, inputs: 1, outputs: 1), Case(batch: 1, inputs: 300, outputs: 1000),
    Case(batch: 2, inputs: 9216, outputs: 64), Case(batch: 7, inputs: 61, outputs: 10),
    Case(batch: 8, inputs: 257, outputs: 33), Case(batch: 9, inputs: 13, outputs: 7),
    Case(batch: 33, inputs: 600, outputs: 100), Case(batch: 64, inputs: 1030, outputs: 129),
    Case(batch: 128, inputs: 200, outputs: 1000), Case(batch: 300, inputs: 40, outputs: 31),
    Case(batch: 13, inputs: 500, outputs: 1100), Case(batch: 15, inputs: 5000, outputs: 40),
  ]

  func testIntegersAreExact() throws {
    for c in cases {
      let (x, w) = (
        RandomValues.integers(c.batch * c.inputs, seed: 1), RandomValues.integers(c.inputs * c.outputs, seed: 2)
      )
      let (b, dy) = (
        RandomValues.integers(c.outputs, seed: 3), RandomValues.integers(c.batch * c.outputs, seed: 4)
      )
      var y = zeros(c.batch * c.outputs)
      Reference.denseForward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, bias: b, relu: true, output: &y)
      var dx = zeros(c.batch * c.inputs)
      Reference.denseBackwardData(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w, inputGradient: &dx)
      var (dw, db) = (zeros(c.inputs * c.outputs, 3), zeros(c.outputs, 3))
      Reference.denseBackwardFilter(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy, weightGradient: &dw,
        biasGradient: &db)
      let (narrowX, narrowDY) = (OperandsBFloat16.rounded(x), OperandsBFloat16.rounded(dy))
      for variant in KernelVariant.bfloat16() {
        let message = "\(c.name), \(variant.name)"
        let r = try run(c, narrowX, w, b, narrowDY, relu: true, start: 3, variant.context)
        XCTAssertNil(OperandsBFloat16.firstDifference(r.y, expected: y), message + ", forward")
        XCTAssertNil(Tolerance.firstDifference(r.scores, expected: y), message + ", scores")
        XCTAssertNil(OperandsBFloat16.firstDifference(r.dx, expected: dx), message + ", backward data")
        XCTAssertNil(Tolerance.firstDifference(r.dw, expected: dw), message + ", backward filter")
        XCTAssertNil(Tolerance.firstDifference(r.db, expected: db), message + ", bias gradient")
        // When overwritten, the gradients lack the 3 that they were added to.
        let written = try run(c, narrowX, w, b, narrowDY, relu: true, start: .nan, variant.context)
        XCTAssertNil(Tolerance.firstDifference(written.dw.map { $0 + 3 }, expected: dw), message + ", written")
        XCTAssertNil(Tolerance.firstDifference(written.db.map { $0 + 3 }, expected: db), message + ", written")
      }
    }
  }

  func testARowHasTheSameBitsInAnyCompany() throws {
    for (inputs, outputs) in [(1, 1), (300, 1000), (5000, 67), (61, 10), (257, 33)] {
      let (w, b) = (RandomValues.uniform(inputs * outputs, seed: 2), RandomValues.uniform(outputs, seed: 3))
      let x = OperandsBFloat16.rounded(RandomValues.uniform((SameBits.batches.max() ?? 1) * inputs, seed: 1))
      for variant in KernelVariant.bfloat16() {
        let scores = try SameBits.firstDifference(x) { x, rows in
          var y = zeros(rows * outputs, .nan)
          try Dense.forward(
            batch: rows, inputs: inputs, outputs: outputs, input: x, weights: w, bias: b, relu: false, output: &y,
            context: variant.context)
          return y
        }
        XCTAssertNil(scores, "\(inputs) × \(outputs), \(variant.name), scores")
        let rounded = try SameBits.firstDifference(x) { x, rows in
          var y = [BFloat16](repeating: BFloat16(Float.nan), count: rows * outputs)
          try Dense.forward(
            batch: rows, inputs: inputs, outputs: outputs, input: x, weights: w, bias: b, relu: true, output: &y,
            context: variant.context)
          return y
        }
        XCTAssertNil(rounded, "\(inputs) × \(outputs), \(variant.name)")
      }
    }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in cases {
      let (x, w, dy) = operands(c)
      func reference(_ convert: (Double) -> Double) -> (y: [Double], dx: [Double], dw: [Double]) {
        let (x, w, dy) = (
          OperandsBFloat16.doubles(x).map(convert), OperandsBFloat16.doubles(w).map(convert),
          OperandsBFloat16.doubles(dy).map(convert)
        )
        var y = [Double](repeating: 0, count: c.batch * c.outputs)
        var dx = [Double](repeating: 0, count: c.batch * c.inputs)
        var dw = [Double](repeating: 0, count: c.inputs * c.outputs)
        Reference.denseForward(
          batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, bias: nil, relu: false,
          output: &y)
        Reference.denseBackwardData(
          batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w, inputGradient: &dx)
        Reference.denseBackwardFilter(
          batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy, weightGradient: &dw,
          biasGradient: nil)
        return (y, dx, dw)
      }
      let (expected, sizes) = (reference { $0 }, reference(abs))
      for variant in KernelVariant.bfloat16() {
        let message = "\(c.name), \(variant.name)"
        let r = try run(
          c, x, OperandsBFloat16.widened(w), nil, dy, relu: false, start: 0, variant.context)
        for (name, a, e, terms, s) in [
          ("forward", r.y, expected.y, c.inputs, sizes.y), ("backward data", r.dx, expected.dx, c.outputs, sizes.dx),
        ] {
          let beyond = OperandsBFloat16.firstBeyond(a, expected: e, terms: terms, magnitudes: s)
          XCTAssertNil(beyond, "\(message), \(name)")
        }
        for (name, a, e, terms, s) in [
          ("scores", r.scores, expected.y, c.inputs, sizes.y),
          ("backward filter", r.dw, expected.dw, c.batch, sizes.dw),
        ] {
          let beyond = Tolerance.firstBeyond(a, expected: e, terms: terms, magnitudes: s)
          XCTAssertNil(beyond, "\(message), \(name)")
        }
      }
    }
  }

  func testPackedWeightsGiveTheSameBits() throws {
    for c in cases {
      let (x, _, dy) = operands(c)
      let w = RandomValues.uniform(c.inputs * c.outputs, seed: 7)
      for variant in KernelVariant.bfloat16() {
        let context = variant.context
        let bytes = try Dense.packedByteCount(
          inputs: c.inputs, outputs: c.outputs, as: BFloat16.self, context: context)
        let packed = try AlignedBuffer<UInt8>(count: bytes, operation: "test")
        try Dense.pack(
          inputs: c.inputs, outputs: c.outputs, as: BFloat16.self, weights: w,
          into: UnsafeMutableRawPointer(packed.pointer), context: context)
        let expected = try run(c, x, w, nil, dy, relu: true, start: 0, context)
        let found = try run(
          c, x, w, nil, dy, relu: true, start: 0, context, packed: UnsafeRawPointer(packed.pointer))
        XCTAssert(found == expected, "\(c.name), \(variant.name): other bits when packed")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in [Case(batch: 2, inputs: 2000, outputs: 300), Case(batch: 130, inputs: 1200, outputs: 700)] {
      let (x, w, dy) = operands(c)
      for variant in KernelVariant.bfloat16() {
        try ThreadPool.shared.setThreadCount(1)
        let weights = OperandsBFloat16.widened(w)
        let first = try run(c, x, weights, nil, dy, relu: false, start: 0, variant.context)
        for count in 2...4 {
          try ThreadPool.shared.setThreadCount(count)
          let other = try run(c, x, weights, nil, dy, relu: false, start: 0, variant.context)
          XCTAssert(other == first, "\(c.name), \(variant.name): other bits with \(count) threads")
        }
      }
    }
  }

  func testSteadyCallsAllocateNothing() throws {
    for c in [Case(batch: 1, inputs: 600, outputs: 100), Case(batch: 33, inputs: 600, outputs: 100)] {
      let (x, w, dy) = operands(c)
      for variant in KernelVariant.bfloat16() {
        let weights = OperandsBFloat16.widened(w)
        _ = try run(c, x, weights, nil, dy, relu: false, start: 0, variant.context)
        let before = TensorMemory.allocationCount
        _ = try run(c, x, weights, nil, dy, relu: false, start: 0, variant.context)
        XCTAssertEqual(TensorMemory.allocationCount, before, "\(c.name), \(variant.name)")
      }
    }
  }

  func testTablesWithoutBFloat16Refuse() throws {
    let c = Case(batch: 2, inputs: 3, outputs: 4)
    let (x, w, dy) = operands(c)
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    XCTAssertThrowsError(
      try run(c, x, OperandsBFloat16.widened(w), nil, dy, relu: false, start: 0, context)
    ) { error in
      guard case EngineError.unsupported(let text) = error else { return XCTFail("\(error)") }
      XCTAssert(text.hasPrefix("dense: got bfloat16") && text.contains("portable"), text)
    }
  }

  private func zeros(_ count: Int, _ value: Float = 0) -> [Float] { [Float](repeating: value, count: count) }

  private func operands(_ c: Case) -> (x: [BFloat16], w: [BFloat16], dy: [BFloat16]) {
    (
      OperandsBFloat16.rounded(RandomValues.uniform(c.batch * c.inputs, seed: 1)),
      OperandsBFloat16.rounded(RandomValues.uniform(c.inputs * c.outputs, seed: 2)),
      OperandsBFloat16.rounded(RandomValues.uniform(c.batch * c.outputs, seed: 4))
    )
  }

  private func run(
    _ c: Case, _ x: [BFloat16], _ w: [Float], _ b: [Float]?, _ dy: [BFloat16], relu: Bool, start: Float,
    _ context: ComputeContext, packed: UnsafeRawPointer? = nil
  ) throws -> Results {
    // Anything a kernel fails to write stays NaN.
    var r = Results(
      y: [BFloat16](repeating: BFloat16(.nan), count: c.batch * c.outputs), scores: zeros(c.batch * c.outputs, .nan),
      dx: [BFloat16](repeating: BFloat16(.nan), count: c.batch * c.inputs), dw: zeros(c.inputs * c.outputs, start),
      db: zeros(c.outputs, start))
    try (b ?? zeros(c.outputs)).withUnsafeBufferPointer { bias in
      let bias = b == nil ? nil : bias.baseAddress
      try Dense.forward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, packed: packed, bias: bias,
        relu: relu, output: &r.y, context: context)
      try Dense.forward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, packed: packed, bias: bias,
        relu: relu, output: &r.scores, context: context)
    }
    try Dense.backwardData(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w, inputGradient: &r.dx,
      context: context)
    try Dense.backwardFilter(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy, weightGradient: &r.dw,
      biasGradient: &r.db, accumulate: !start.isNaN, context: context)
    return r
  }
}
