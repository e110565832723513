import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

final class DenseTests: XCTestCase {
  private struct Case {
    let batch: Int
    let inputs: Int
    let outputs: Int
    var name: String { "\(batch) × \(inputs) × \(outputs)" }
  }

  private struct Results {
    var y: [Float]
    var dx: [Float]
    var dw: [Float]
    var db: [Float]
  }

  private let cases = [
    Case(batch: 1, inputs: 1, outputs: 1), Case(batch: 1, inputs: 300, outputs: 1000),
    Case(batch: 2, inputs: 9216, outputs: 64), Case(batch: 7, inputs: 61, outputs: 10),
    Case(batch: 8, inputs: 257, outputs: 33), Case(batch: 9, inputs: 13, outputs: 7),
    Case(batch: 33, inputs: 600, outputs: 100), Case(batch: 64, inputs: 1030, outputs: 129),
    Case(batch: 128, inputs: 200, outputs: 1000), Case(batch: 300, inputs: 40, outputs: 31),
    Case(batch: 13, inputs: 500, outputs: 1100), Case(batch: 22, inputs: 1031, outputs: 70),
    Case(batch: 31, inputs: 13, outputs: 1001),
  ]

  func testIntegersAreExact() throws {
    for c in cases {
      let (x, w, b, dy) = operands(c) { RandomValues.integers($0, seed: $1) }
      var expected = Results(
        y: zeros(c.batch * c.outputs), dx: zeros(c.batch * c.inputs), dw: zeros(c.inputs * c.outputs, 3),
        db: zeros(c.outputs, 3))
      Reference.denseForward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, bias: b, relu: true,
        output: &expected.y)
      Reference.denseBackwardData(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w,
        inputGradient: &expected.dx)
      Reference.denseBackwardFilter(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy,
        weightGradient: &expected.dw, biasGradient: &expected.db)
      for variant in KernelVariant.all() {
        let actual = try run(c, x, w, b, dy, relu: true, start: 3, variant.context)
        for (name, a, e) in [
          ("forward", actual.y, expected.y), ("backward data", actual.dx, expected.dx),
          ("backward filter", actual.dw, expected.dw), ("bias gradient", actual.db, expected.db),
        ] {
          XCTAssertNil(Tolerance.firstDifference(a, expected: e), "\(c.name), \(variant.name), \(name)")
        }
        // When overwritten, the gradients lack the 3 that they were added to.
        let written = try run(c, x, w, b, dy, relu: true, start: .nan, variant.context)
        XCTAssertNil(
          Tolerance.firstDifference(written.dw.map { $0 + 3 }, expected: expected.dw), "\(c.name), \(variant.name)")
        XCTAssertNil(
          Tolerance.firstDifference(written.db.map { $0 + 3 }, expected: expected.db), "\(c.name), \(variant.name)")
      }
    }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in cases {
      let (x, w, _, dy) = operands(c) { RandomValues.uniform($0, seed: $1) }
      let expected = doubles(c, x, w, dy) { Double($0) }
      let sizes = doubles(c, x, w, dy) { Double(abs($0)) }
      for variant in KernelVariant.all() {
        let actual = try run(c, x, w, nil, dy, relu: false, start: 0, variant.context)
        for (name, a, e, terms, s) in [
          ("forward", actual.y, expected[0], c.inputs, sizes[0]),
          ("backward data", actual.dx, expected[1], c.outputs, sizes[1]),
          ("backward filter", actual.dw, expected[2], c.batch, sizes[2]),
        ] {
          let beyond = Tolerance.firstBeyond(a, expected: e, terms: terms, magnitudes: s)
          XCTAssertNil(beyond, "\(c.name), \(variant.name), \(name)")
        }
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in [Case(batch: 2, inputs: 2000, outputs: 300), Case(batch: 130, inputs: 1200, outputs: 700)] {
      let (x, w, b, dy) = operands(c) { RandomValues.uniform($0, seed: $1) }
      for variant in KernelVariant.all() {
        var first: [[Float]]?
        for count in 1...4 {
          try ThreadPool.shared.setThreadCount(count)
          let r = try run(c, x, w, b, dy, relu: false, start: 0, variant.context)
          let results = [r.y, r.dx, r.dw, r.db]
          if let first {
            XCTAssert(first == results, "\(c.name), \(variant.name): other bits with \(count) threads")
          } else {
            first = results
          }
        }
      }
    }
  }

  /// A BLAS's order of summation depends on all sizes, including the batch.
  func testARowHasTheSameBitsInAnyCompany() throws {
    for (inputs, outputs) in [(1, 1), (300, 1000), (9216, 67), (61, 10), (257, 33), (1030, 129), (513, 4096)] {
      let (w, b) = (RandomValues.uniform(inputs * outputs, seed: 2), RandomValues.uniform(outputs, seed: 3))
      let x = RandomValues.uniform((SameBits.batches.max() ?? 1) * inputs, seed: 1)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let difference = try SameBits.firstDifference(x) { x, rows in
          var y = zeros(rows * outputs, .nan)
          try Dense.forward(
            batch: rows, inputs: inputs, outputs: outputs, input: x, weights: w, bias: b, relu: outputs == 10,
            output: &y, context: variant.context)
          return y
        }
        XCTAssertNil(difference, "\(inputs) × \(outputs), \(variant.name)")
      }
    }
  }

  func testRefusals() throws {
    let context = try ComputeContext()
    var value: Float = 0
    for (batch, inputs, outputs) in [(0, 1, 1), (1, -1, 1), (1, 1, Int.max)] {
      XCTAssertThrowsError(
        try Dense.backwardData(
          batch: batch, inputs: inputs, outputs: outputs, outputGradient: [1], weights: [1],
          inputGradient: &value, context: context)
      ) { error in
        guard case .invalidValue(let text) = error as? EngineError else { return XCTFail("got \(error)") }
        XCTAssert(text.hasPrefix("dense: got "), text)
      }
    }
  }

  private func zeros(_ count: Int, _ value: Float = 0) -> [Float] { [Float](repeating: value, count: count) }

  private func operands(_ c: Case, _ values: (Int, UInt64) -> [Float]) -> ([Float], [Float], [Float], [Float]) {
    (
      values(c.batch * c.inputs, 1), values(c.inputs * c.outputs, 2), values(c.outputs, 3),
      values(c.batch * c.outputs, 4)
    )
  }

  private func run(
    _ c: Case, _ x: [Float], _ w: [Float], _ b: [Float]?, _ dy: [Float], relu: Bool, start: Float,
    _ context: ComputeContext
  ) throws -> Results {
    var r = Results(
      y: zeros(c.batch * c.outputs, .nan), dx: zeros(c.batch * c.inputs, .nan),
      dw: zeros(c.inputs * c.outputs, start), db: zeros(c.outputs, start))
    try (b ?? zeros(c.outputs)).withUnsafeBufferPointer { bias in
      try Dense.forward(
        batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w,
        bias: b == nil ? nil : bias.baseAddress, relu: relu, output: &r.y, context: context)
    }
    try Dense.backwardData(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w, inputGradient: &r.dx,
      context: context)
    try Dense.backwardFilter(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy, weightGradient: &r.dw,
      biasGradient: &r.db, accumulate: !start.isNaN, context: context)
    return r
  }

  /// The reference's forward result and gradients in float64.
  private func doubles(
    _ c: Case, _ x: [Float], _ w: [Float], _ dy: [Float], _ convert: (Float) -> Double
  ) -> [[Double]] {
    let (x, w, dy) = (x.map(convert), w.map(convert), dy.map(convert))
    var y = [Double](repeating: 0, count: c.batch * c.outputs)
    var dx = [Double](repeating: 0, count: c.batch * c.inputs)
    var dw = [Double](repeating: 0, count: c.inputs * c.outputs)
    Reference.denseForward(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, weights: w, bias: nil, relu: false, output: &y)
    Reference.denseBackwardData(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, outputGradient: dy, weights: w, inputGradient: &dx)
    Reference.denseBackwardFilter(
      batch: c.batch, inputs: c.inputs, outputs: c.outputs, input: x, outputGradient: dy, weightGradient: &dw,
      biasGradient: nil)
    return [y, dx, dw]
  }
}
