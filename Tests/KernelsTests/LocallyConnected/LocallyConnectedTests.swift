import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

extension ConvolutionCase {
  /// Weights, with separate ones for every output position.
  var localWeightCount: Int { shape.outputHeight * shape.outputWidth * weightCount }
  var localBiasCount: Int { outputCount / shape.batch }
}

final class LocallyConnectedTests: XCTestCase {
  private typealias Case = ConvolutionCase

  private struct Results: Equatable {
    var y: [Float]
    var dx: [Float]
    var dw: [Float]
    var db: [Float]
  }

  /// local3 of cuda-convnet's `conv-local-13pct` and `conv-local-11pct`.
  private func local3(outputs: Int, batch: Int) throws -> Case {
    try Case(
      "local3 of \(outputs), batch \(batch)", batch: batch, size: (6, 6), channels: (64, outputs), kernel: (3, 3),
      padding: Padding(1))
  }

  /// Every kind of loop remainder, and empty loops.
  private func cases() throws -> [Case] {
    let uneven = Padding(top: 1, left: 3, bottom: 2, right: 0)
    var cases = try [
      local3(outputs: 32, batch: 7), local3(outputs: 64, batch: 130),
      Case("one pixel", size: (1, 1), channels: (1, 1), kernel: (1, 1)),
      Case("one position", batch: 9, size: (5, 4), channels: (33, 200), kernel: (5, 4)),
      Case("one position, one image", size: (5, 4), channels: (33, 200), kernel: (5, 4)),
      Case("uneven padding", batch: 8, size: (9, 7), channels: (17, 33), kernel: (4, 3), padding: uneven),
      Case("windows in the padding", batch: 2, size: (4, 5), channels: (3, 17), kernel: (3, 3), padding: Padding(5)),
      Case("the same, many images", batch: 13, size: (2, 3), channels: (3, 33), kernel: (2, 2), padding: Padding(3)),
      Case("unread pixels", batch: 7, size: (12, 13), channels: (3, 35), kernel: (3, 2), stride: (4, 5)),
      Case("unread pixels, many images", batch: 8, size: (9, 9), channels: (5, 6), kernel: (1, 2), stride: (4, 3)),
      Case("runs in blocks", batch: 14, size: (3, 3), channels: (900, 40), kernel: (3, 3), padding: Padding(1)),
      Case("images in blocks", batch: 400, size: (3, 2), channels: (3, 5), kernel: (2, 2), padding: uneven),
    ]
    let channels = [1, 3, 17, 33]
    for (batch, turn) in zip([1, 7, 8, 130], 0...) {
      for kernel in 1...5 {
        let (inputs, outputs) = (channels[(kernel + turn) % 4], channels[(kernel + 2 * turn + 1) % 4])
        let stride = 1 + (kernel + turn) % 3
        cases.append(
          try Case(
            "kernel \(kernel), stride \(stride), \(inputs) to \(outputs), batch \(batch)", batch: batch,
            size: (6, 5), channels: (inputs, outputs), kernel: (kernel, kernel), stride: (stride, 1),
            padding: Padding(top: kernel / 2, left: 0, bottom: 1, right: kernel - 1)))
      }
    }
    return cases
  }

  func testIntegersAreExact() throws {
    for c in try cases() {
      let (x, w, b, dy) = operands(c) { RandomValues.integers($0, seed: $1) }
      var expected = Results(
        y: zeros(c.outputCount), dx: zeros(c.inputCount), dw: zeros(w.count, 3), db: zeros(b.count, 3))
      Reference.locallyConnectedForward(c.shape, input: x, weights: w, bias: b, relu: false, output: &expected.y)
      Reference.locallyConnectedBackwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &expected.dx)
      Reference.locallyConnectedBackwardFilter(
        c.shape, input: x, outputGradient: dy, weightGradient: &expected.dw, biasGradient: &expected.db)
      for variant in KernelVariant.all() {
        let message = "\(c.name), \(variant.name)"
        try expectResults(run(c, x, w, b, dy, relu: false, start: 3, variant.context), expected, message)
        // When overwritten, the gradients lack the 3 that they were added to.
        var written = try run(c, x, w, b, dy, relu: true, start: .nan, variant.context)
        written.dw = written.dw.map { $0 + 3 }
        written.db = written.db.map { $0 + 3 }
        var rectified = expected
        rectified.y = expected.y.map { max(0, $0) }
        expectResults(written, rectified, message + ", written")
      }
    }
  }

  func testRandomNumbersStayWithinTheBound() throws {
    for c in try cases() {
      let (x, w, _, dy) = operands(c) { RandomValues.uniform($0, seed: $1) }
      let (expected, sizes) = (doubles(c, x, w, dy) { Double($0) }, doubles(c, x, w, dy) { Double(abs($0)) })
      let taps = c.shape.kernelHeight * c.shape.kernelWidth
      for variant in KernelVariant.all() {
        let actual = try run(c, x, w, nil, dy, relu: false, start: .nan, variant.context)
        for (name, a, index, terms) in [
          ("forward", actual.y, 0, taps * c.shape.inputChannels),
          ("backward data", actual.dx, 1, taps * c.shape.outputChannels),
          ("backward filter", actual.dw, 2, c.shape.batch),
        ] {
          let beyond = Tolerance.firstBeyond(
            a, expected: expected[index], terms: terms, magnitudes: sizes[index])
          XCTAssertNil(beyond, "\(c.name), \(variant.name), \(name)")
        }
      }
    }
  }

  /// A BLAS's order of summation depends on all sizes, including the batch.
  func testAnImageHasTheSameBitsInAnyCompany() throws {
    for channels in [(3, 5), (17, 33), (64, 32)] {
      func images(_ batch: Int) throws -> Case {
        let padding = Padding(top: 1, left: 0, bottom: 1, right: 2)
        return try Case("", batch: batch, size: (6, 5), channels: channels, kernel: (3, 3), padding: padding)
      }
      let one = try images(1)
      let x = RandomValues.uniform((SameBits.batches.max() ?? 1) * one.inputCount, seed: 1)
      let w = RandomValues.uniform(one.localWeightCount, seed: 2)
      let b = RandomValues.uniform(one.localBiasCount, seed: 3)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let difference = try SameBits.firstDifference(x) { x, rows in
          let batch = try images(rows)
          var y = zeros(batch.outputCount, .nan)
          try LocallyConnected.forward(
            batch.shape, input: x, weights: w, bias: b, relu: true, output: &y, context: variant.context)
          return y
        }
        XCTAssertNil(difference, "\(channels), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreads() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in try [local3(outputs: 64, batch: 2), local3(outputs: 32, batch: 65)] {
      let (x, w, b, dy) = operands(c) { RandomValues.uniform($0, seed: $1) }
      for variant in KernelVariant.all() {
        var first: Results?
        for count in 1...3 {
          try ThreadPool.shared.setThreadCount(count)
          let results = try run(c, x, w, b, dy, relu: true, start: 0, variant.context)
          XCTAssert(results == first ?? results, "\(c.name), \(variant.name): other bits with \(count) threads")
          first = results
        }
      }
    }
  }

  func testSteadyCallsAllocateNothing() throws {
    let c = try local3(outputs: 32, batch: 16)
    let (x, w, b, dy) = operands(c) { RandomValues.integers($0, seed: $1) }
    for variant in KernelVariant.all() {
      _ = try run(c, x, w, b, dy, relu: true, start: .nan, variant.context)
      let before = TensorMemory.allocationCount
      _ = try run(c, x, w, b, dy, relu: true, start: .nan, variant.context)
      XCTAssertEqual(TensorMemory.allocationCount, before, variant.name)
    }
  }

  /// A weight that meets only padding is not used, whatever its value; one that meets the image is.
  func testNotANumberInThePaddingIsNotRead() throws {
    for batch in [2, 8] {
      let c = try Case("NaN", batch: batch, size: (2, 2), channels: (1, 2), kernel: (3, 3), padding: Padding(1))
      var w = [Float](repeating: 1, count: c.localWeightCount)
      w[0] = .nan
      let x = [Float](repeating: 1, count: c.inputCount)
      for variant in KernelVariant.all() {
        let y = try run(c, x, w, nil, x + x, relu: true, start: .nan, variant.context).y
        XCTAssertEqual(y, zeros(c.outputCount, 4), variant.name)
        var poisoned = x
        poisoned[0] = .nan
        let marked = try run(c, poisoned, w, nil, x + x, relu: true, start: .nan, variant.context).y
        XCTAssert(marked.prefix(8).allSatisfy(\.isNaN), variant.name)
      }
    }
  }

  func testRefusals() throws {
    let context = try ComputeContext()
    var value: Float = 0
    func attempt(_ shape: ConvolutionShape) throws {
      try LocallyConnected.backwardData(
        shape, outputGradient: [1], weights: [1], inputGradient: &value, context: context)
    }
    let grouped = try Case("groups", size: (4, 4), channels: (2, 2), kernel: (1, 1), groups: 2).shape
    XCTAssertThrowsError(try attempt(grouped)) { error in
      XCTAssertEqual(error as? EngineError, .invalidValue("locally_connected: got 2 groups, expected 1"))
    }
    let side = 1 << 14
    let large = try Case("large", size: (side, side), channels: (8, 8), kernel: (128, 128)).shape
    XCTAssertThrowsError(try attempt(large)) { error in
      guard case .outOfMemory(let text) = error as? EngineError else { return XCTFail("got \(error)") }
      XCTAssert(text.hasPrefix("locally_connected: "), text)
    }
  }

  private func expectResults(_ actual: Results, _ expected: Results, _ message: String) {
    for (name, a, e) in [
      ("forward", actual.y, expected.y), ("backward data", actual.dx, expected.dx),
      ("backward filter", actual.dw, expected.dw), ("bias gradient", actual.db, expected.db),
    ] {
      XCTAssertNil(Tolerance.firstDifference(a, expected: e), "\(message), \(name)")
    }
  }

  private func zeros(_ count: Int, _ value: Float = 0) -> [Float] { [Float](repeating: value, count: count) }

  private func operands(_ c: Case, _ values: (Int, UInt64) -> [Float]) -> ([Float], [Float], [Float], [Float]) {
    (values(c.inputCount, 1), values(c.localWeightCount, 2), values(c.localBiasCount, 3), values(c.outputCount, 4))
  }

  /// Outputs are NaN before; with a NaN `start` the parameters' gradients are overwritten, otherwise added to it.
  private func run(
    _ c: Case, _ x: [Float], _ w: [Float], _ b: [Float]?, _ dy: [Float], relu: Bool, start: Float,
    _ context: ComputeContext
  ) throws -> Results {
    var r = Results(
      y: zeros(c.outputCount, .nan), dx: zeros(c.inputCount, .nan), dw: zeros(w.count, start),
      db: zeros(c.localBiasCount, start))
    try (b ?? zeros(1)).withUnsafeBufferPointer { bias in
      try LocallyConnected.forward(
        c.shape, input: x, weights: w, bias: b == nil ? nil : bias.baseAddress, relu: relu, output: &r.y,
        context: context)
    }
    try LocallyConnected.backwardData(
      c.shape, outputGradient: dy, weights: w, inputGradient: &r.dx, context: context)
    try LocallyConnected.backwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &r.dw, biasGradient: &r.db, accumulate: !start.isNaN,
      context: context)
    return r
  }

  /// The reference's forward result and gradients in float64.
  private func doubles(
    _ c: Case, _ x: [Float], _ w: [Float], _ dy: [Float], _ convert: (Float) -> Double
  ) -> [[Double]] {
    let (x, w, dy) = (x.map(convert), w.map(convert), dy.map(convert))
    var y = [Double](repeating: 0, count: c.outputCount)
    var dx = [Double](repeating: 0, count: c.inputCount)
    var dw = [Double](repeating: 0, count: w.count)
    Reference.locallyConnectedForward(c.shape, input: x, weights: w, bias: nil, relu: false, output: &y)
    Reference.locallyConnectedBackwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx)
    Reference.locallyConnectedBackwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: nil)
    return [y, dx, dw]
  }
}
