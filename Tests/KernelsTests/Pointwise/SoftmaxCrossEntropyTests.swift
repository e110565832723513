import Kernels
import XCTest

final class SoftmaxCrossEntropyTests: XCTestCase {
  private func softmax(_ logits: [Float], classes: Int, _ context: ComputeContext) throws -> [Float] {
    try [Float].filled(logits.count, with: untouched) {
      try SoftmaxCrossEntropy.softmax(
        rows: logits.count / classes, classes: classes, logits: logits, probabilities: $0, context: context)
    }
  }

  private func unweighted(_ rows: Int) throws -> LossWeights { try LossWeights(nil, rows: rows, operation: "test") }

  /// The mean loss, and the gradient.
  private func weighted(
    _ logits: [Float], _ labels: [Int32], _ weights: [Float]?, _ context: ComputeContext
  ) throws -> (loss: Double, gradient: [Float]) {
    let rows = labels.count
    let lossWeights = try LossWeights(weights, rows: rows, operation: "test")
    var losses = [Float](repeating: untouched, count: rows)
    let gradient = try [Float].filled(logits.count, with: untouched) {
      try SoftmaxCrossEntropy.forwardBackward(
        rows: rows, classes: logits.count / rows, logits: logits, labels: labels, weights: lossWeights,
        logitsGradient: $0, losses: &losses, context: context)
    }
    return (lossWeights.mean(losses), gradient)
  }

  func testWithinTenEpsilon() throws {
    for classes in Array(1...40) + [100, 1000, 1001, 21_841] {
      for spread: Float in [1, 20, 90] {
        let rows = classes > 2000 ? 3 : 9
        var draws = Draws(UInt64(classes))
        let logits = draws.floats(rows * classes, in: -spread...spread)
        let labels = (0..<rows).map { _ in Int32(draws.index(below: classes)) }
        let expected = [Double].filled(rows * classes, with: 0) {
          Reference.softmax(rows: rows, classes: classes, logits: logits.doubles, probabilities: $0)
        }
        var expectedLosses = [Double](repeating: 0, count: rows)
        let expectedGradient = [Double].filled(rows * classes, with: 0) {
          Reference.softmaxCrossEntropy(
            rows: rows, classes: classes, logits: logits.doubles, labels: labels, logitsGradient: $0,
            losses: &expectedLosses)
        }
        // Below the smallest normal number a float loses relative precision.
        let smallest = Double(Float.leastNormalMagnitude)
        try onEveryTable { context, name in
          let label = "\(name) \(classes) classes, ±\(spread)"
          assertWithin(try softmax(logits, classes: classes, context), expected, label) {
            10 * epsilon * expected[$0] + epsilon * smallest
          }
          var losses = [Float](repeating: untouched, count: rows)
          let gradient = try [Float].filled(rows * classes, with: untouched) {
            try SoftmaxCrossEntropy.forwardBackward(
              rows: rows, classes: classes, logits: logits, labels: labels, weights: unweighted(rows),
              logitsGradient: $0, losses: &losses, context: context)
          }
          assertWithin(gradient, expectedGradient, label) {
            let isLabel = labels[$0 / classes] == Int32($0 % classes)
            return 10 * epsilon * (isLabel ? 1 : expected[$0]) / Double(rows) + epsilon * smallest
          }
          assertWithin(losses, expectedLosses, label) { 10 * epsilon * max(1, expectedLosses[$0]) }
          var lossesAlone = [Float](repeating: untouched, count: rows)
          try SoftmaxCrossEntropy.forwardBackward(
            rows: rows, classes: classes, logits: logits, labels: labels, weights: unweighted(rows),
            logitsGradient: nil, losses: &lossesAlone, context: context)
          assertIdentical(lossesAlone, losses, label)
        }
      }
    }
  }

  func testWeightsWithinTenEpsilon() throws {
    for classes in [1, 2, 10, 33, 1000] {
      let rows = 7
      var draws = Draws(UInt64(classes))
      let logits = draws.floats(rows * classes, in: -9...9)
      let labels = (0..<rows).map { _ in Int32(draws.index(below: classes)) }
      let weights = [0] + draws.floats(rows - 2, in: 0...5) + [1e-6]
      var losses = [Double](repeating: 0, count: rows)
      let expected = [Double].filled(rows * classes, with: 0) {
        Reference.softmaxCrossEntropy(
          rows: rows, classes: classes, logits: logits.doubles, labels: labels, weights: weights.doubles,
          logitsGradient: $0, losses: &losses)
      }
      let total = weights.doubles.reduce(0, +)
      let expectedLoss = zip(losses, weights).reduce(0.0) { $0 + $1.0 * Double($1.1) } / total
      try onEveryTable { context, name in
        let (loss, gradient) = try weighted(logits, labels, weights, context)
        XCTAssertEqual(loss, expectedLoss, accuracy: 10 * epsilon * max(1, expectedLoss), name)
        assertWithin(gradient, expected, "\(name) \(classes) classes") {
          10 * epsilon * Double(weights[$0 / classes]) / total + epsilon * Double(Float.leastNormalMagnitude)
        }
      }
    }
  }

  func testEqualWeightsGiveTheBitsOfNoWeights() throws {
    for rows in [1, 3, 7, 128] {
      var draws = Draws(UInt64(rows))
      let logits = draws.floats(rows * 19, in: -9...9)
      let labels = (0..<rows).map { Int32($0 % 19) }
      try onEveryTable { context, name in
        let plain = try weighted(logits, labels, nil, context)
        for weight: Float in [1, 0.1, 3.7, 1e-30, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
          let same = try weighted(logits, labels, [Float](repeating: weight, count: rows), context)
          XCTAssertEqual(same.loss, plain.loss, "\(name) \(weight)")
          assertIdentical(same.gradient, plain.gradient, "\(name) \(weight)")
        }
      }
    }
  }

  /// Whole weights, whose sum is a power of two, give what copies of the rows give, to the bit.
  func testWholeWeightsAreCopies() throws {
    var draws = Draws(33)
    let logits = draws.floats(4 * 5, in: -4...4)
    let (labels, weights): ([Int32], [Float]) = ([0, 3, 1, 4], [2, 1, 4, 1])
    let copies = weights.enumerated().flatMap { [Int](repeating: $0, count: Int($1)) }
    try onEveryTable { context, name in
      let together = try weighted(logits, labels, weights, context)
      let apart = try weighted(
        copies.flatMap { logits[$0 * 5..<$0 * 5 + 5] }, copies.map { labels[$0] }, nil, context)
      XCTAssertEqual(together.loss, apart.loss, accuracy: 1e-15, name)
      let summed = (0..<20).map { at in
        zip(copies, stride(from: 0, to: 40, by: 5)).filter { $0.0 == at / 5 }.reduce(Float(0)) {
          $0 + apart.gradient[$1.1 + at % 5]
        }
      }
      assertIdentical(together.gradient, summed, name)
    }
  }

  func testWeightsThatSumToZeroChangeNothing() throws {
    try onEveryTable { context, name in
      let (loss, gradient) = try weighted([1, 2, 3, -4, 5, 90], [1, 0], [0, 0], context)
      XCTAssertEqual(loss, 0, name)
      assertIdentical(gradient, [Float](repeating: 0, count: 6), name)
      let half = try weighted([1, 2, 3, -4, 5, 90], [1, 0], [0, 3], context)
      let second = try weighted([-4, 5, 90], [0], nil, context)
      XCTAssertEqual(half.loss, second.loss, name)
      assertIdentical(half.gradient, [0, 0, 0] + second.gradient, name)
    }
  }

  func testWeightsAreChecked() throws {
    for (weights, message) in [
      ([1, .nan], "test: sample_weight 1 is nan, expected a finite number ≥ 0"),
      ([-0.5, 1], "sample_weight 0 is -0.5"),
      ([1, .infinity], "sample_weight 1 is inf"), ([1], "got 1 values of sample_weight, expected 2"),
      ([], "got 0 values"), ([1, 1, 1], "got 3 values"),
    ] as [([Float], String)] {
      XCTAssertThrowsError(try LossWeights(weights, rows: 2, operation: "test")) {
        XCTAssertTrue("\($0)".contains(message), "\($0)")
      }
    }
  }

  func testInPlace() throws {
    var draws = Draws(20)
    let logits = draws.floats(5 * 19, in: -9...9)
    try onEveryTable { context, name in
      var together = logits
      try together.withUnsafeMutableBufferPointer {
        guard let base = $0.baseAddress else { return }
        try SoftmaxCrossEntropy.softmax(
          rows: 5, classes: 19, logits: base, probabilities: base, context: context)
      }
      assertIdentical(together, try softmax(logits, classes: 19, context), name)
    }
  }

  func testExtremes() throws {
    let huge = Float.greatestFiniteMagnitude
    try onEveryTable { context, name in
      assertIdentical(try softmax([huge, -huge, huge, -.infinity], classes: 4, context), [0.5, 0, 0.5, 0], name)
      assertIdentical(try softmax([-huge, -huge], classes: 2, context), [0.5, 0.5], name)
      for row: [Float] in [[.nan, 1, 2], [1, .nan, 2], [1, .infinity, 2], [-.infinity, -.infinity, -.infinity]] {
        let padded = row + [Float](repeating: -.infinity, count: 30)
        XCTAssertTrue(try softmax(row, classes: 3, context).allSatisfy(\.isNaN), "\(name) \(row)")
        XCTAssertTrue(try softmax(padded, classes: 33, context).allSatisfy(\.isNaN), "\(name) \(row)")
      }
    }
  }

  func testLabelOutOfRangeIsNoMemoryError() throws {
    try onEveryTable { context, name in
      var losses: [Float] = [0, 0, 0]
      let gradient = try [Float].filled(6, with: untouched) {
        try SoftmaxCrossEntropy.forwardBackward(
          rows: 3, classes: 2, logits: [0, 0, 0, 0, 0, 0], labels: [2, -1, .max],
          weights: unweighted(3), logitsGradient: $0, losses: &losses, context: context)
      }
      XCTAssertTrue(losses.allSatisfy(\.isNaN), name)
      assertIdentical(gradient, [Float](repeating: 0.5 / 3, count: 6), name)
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    var draws = Draws(21)
    let logits = draws.floats(128 * 1000, in: -10...10)
    try assertSameBitsForAnyThreadCount { try softmax(logits, classes: 1000, $0) }
  }
}
