import Kernels
import XCTest

final class SoftmaxCrossEntropyTests: XCTestCase {
  private func softmax(_ logits: [Float], classes: Int, _ context: ComputeContext) throws -> [Float] {
    try [Float].filled(logits.count, with: untouched) {
      try SoftmaxCrossEntropy.softmax(
        rows: logits.count / classes, classes: classes, logits: logits, probabilities: $0, context: context)
    }
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
              rows: rows, classes: classes, logits: logits, labels: labels, logitsGradient: $0, losses: &losses,
              context: context)
          }
          assertWithin(gradient, expectedGradient, label) {
            let isLabel = labels[$0 / classes] == Int32($0 % classes)
            return 10 * epsilon * (isLabel ? 1 : expected[$0]) / Double(rows) + epsilon * smallest
          }
          assertWithin(losses, expectedLosses, label) { 10 * epsilon * max(1, expectedLosses[$0]) }
          var lossesAlone = [Float](repeating: untouched, count: rows)
          try SoftmaxCrossEntropy.forwardBackward(
            rows: rows, classes: classes, logits: logits, labels: labels, logitsGradient: nil,
            losses: &lossesAlone, context: context)
          assertIdentical(lossesAlone, losses, label)
        }
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
          rows: 3, classes: 2, logits: [0, 0, 0, 0, 0, 0], labels: [2, -1, .max], logitsGradient: $0,
          losses: &losses, context: context)
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
