import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// Gradients summed by shards: those of each shard by itself, added in pairs.
final class DenseShardsTests: XCTestCase {
  private typealias Gradients = (weight: [Float], bias: [Float])

  private let counts = [[16, 16, 16, 16, 16, 16, 16, 16], [5, 4, 4, 4], [1, 0, 2, 0], [200, 100], [0, 0, 0, 3]]
  private let sizes = [(300, 1000), (61, 10), (513, 67), (1, 1)]

  private func filterGradients(
    _ x: ArraySlice<Float>, _ dy: ArraySlice<Float>, batch: Int, inputs: Int, outputs: Int, shards: Shards?,
    start: Float = .nan, bfloat16: Bool = false, _ context: ComputeContext
  ) throws -> Gradients {
    var dw = [Float](repeating: start, count: inputs * outputs)
    var db = [Float](repeating: start, count: outputs)
    if bfloat16 {
      try Dense.backwardFilter(
        batch: batch, inputs: inputs, outputs: outputs, input: x.map { BFloat16($0) },
        outputGradient: dy.map { BFloat16($0) }, weightGradient: &dw, biasGradient: &db, accumulate: !start.isNaN,
        shards: shards, context: context)
    } else {
      try Dense.backwardFilter(
        batch: batch, inputs: inputs, outputs: outputs, input: Array(x), outputGradient: Array(dy),
        weightGradient: &dw, biasGradient: &db, accumulate: !start.isNaN, shards: shards, context: context)
    }
    return (dw, db)
  }

  /// Each shard by itself, added in pairs.
  private func expected(
    _ x: [Float], _ dy: [Float], _ counts: [Int], inputs: Int, outputs: Int, bfloat16: Bool, rounded: Bool,
    _ context: ComputeContext
  ) throws -> Gradients {
    let term = { (sum: Float) in rounded ? BFloat16(sum).float : sum }
    var first = 0
    var terms = try counts.map { count -> Gradients in
      defer { first += count }
      guard count > 0 else {
        return ([Float](repeating: 0, count: inputs * outputs), [Float](repeating: 0, count: outputs))
      }
      return try filterGradients(
        x[first * inputs..<(first + count) * inputs], dy[first * outputs..<(first + count) * outputs], batch: count,
        inputs: inputs, outputs: outputs, shards: nil, bfloat16: bfloat16, context)
    }
    while terms.count > 1 {
      var sums: [Gradients] = []
      for at in stride(from: 0, to: terms.count, by: 2) {
        let weight: [Float] = zip(terms[at].weight, terms[at + 1].weight).map { term($0) + term($1) }
        let bias: [Float] = zip(terms[at].bias, terms[at + 1].bias).map { term($0) + term($1) }
        sums.append((weight, bias))
      }
      terms = sums
    }
    return terms[0]
  }

  func testSumsAreThoseOfTheShardsInPairs() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      for counts in counts {
        for (inputs, outputs) in sizes {
          let batch = counts.reduce(0, +)
          let x = RandomValues.uniform(batch * inputs, seed: 1)
          let dy = RandomValues.uniform(batch * outputs, seed: 2)
          for (bfloat16, rounded) in [(false, false), (false, true), (true, false), (true, true)]
          where !bfloat16 || variant.context.kernels.bfloat16 != nil {
            let shards = try Shards(counts, roundsSums: rounded, operation: "test")
            let name = "\(variant.name), \(counts), \(inputs) × \(outputs), bfloat16 \(bfloat16), \(rounded)"
            let expected = try expected(
              x, dy, counts, inputs: inputs, outputs: outputs, bfloat16: bfloat16, rounded: rounded, variant.context)
            let found = try filterGradients(
              x[...], dy[...], batch: batch, inputs: inputs, outputs: outputs, shards: shards, bfloat16: bfloat16,
              variant.context)
            XCTAssertTrue(found.weight == expected.weight, name)
            XCTAssertTrue(found.bias == expected.bias, name)
          }
        }
      }
    }
  }

  func testIntegersAreExact() throws {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let (batch, inputs, outputs) = (17, 61, 67)
      let x = RandomValues.integers(batch * inputs, seed: 1)
      let dy = RandomValues.integers(batch * outputs, seed: 2)
      var dw = [Float](repeating: 0, count: inputs * outputs)
      var db = [Float](repeating: 0, count: outputs)
      Reference.denseBackwardFilter(
        batch: batch, inputs: inputs, outputs: outputs, input: x, outputGradient: dy, weightGradient: &dw,
        biasGradient: &db)
      let found = try filterGradients(
        x[...], dy[...], batch: batch, inputs: inputs, outputs: outputs,
        shards: try Shards([5, 4, 4, 4], operation: "test"), variant.context)
      XCTAssertTrue(found.weight == dw, variant.name)
      XCTAssertTrue(found.bias == db, variant.name)
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let (x, dy) = (RandomValues.uniform(64 * 700, seed: 1), RandomValues.uniform(64 * 600, seed: 2))
    try assertSameBitsForAnyThreadCount { context in
      try filterGradients(
        x[...], dy[...], batch: 64, inputs: 700, outputs: 600,
        shards: try Shards([8, 8, 8, 8, 8, 8, 8, 8], operation: "test"), context
      ).weight
    }
  }

  func testRefusals() throws {
    let context = try ComputeContext()
    XCTAssertThrowsError(
      try filterGradients(
        [1, 1], [1, 1], batch: 2, inputs: 1, outputs: 1, shards: try Shards([1, 2], operation: "test"), context)
    ) { error in
      XCTAssertEqual(error as? EngineError, .invalidValue("dense: got shards of 3 images, expected 2"))
    }
    XCTAssertThrowsError(
      try filterGradients(
        [1, 1], [1, 1], batch: 2, inputs: 1, outputs: 1, shards: try Shards([1, 1], operation: "test"), start: 3,
        context)
    ) { error in
      guard case .invalidValue(let text) = error as? EngineError else { return XCTFail("got \(error)") }
      XCTAssert(text.contains("overwrite"), text)
    }
    for variant in KernelVariant.all() where try variant.context.gemm == .openblas {
      XCTAssertThrowsError(
        try filterGradients(
          [1, 1], [1, 1], batch: 2, inputs: 1, outputs: 1, shards: try Shards([1, 1], operation: "test"),
          variant.context)
      ) { error in
        guard case .unsupported(let text) = error as? EngineError else { return XCTFail("got \(error)") }
        XCTAssert(text.contains("SWIFTALEXNET_GEMM=swift"), text)
      }
    }
  }
}
