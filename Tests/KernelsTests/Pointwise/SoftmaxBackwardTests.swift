import Kernels
import XCTest

final class SoftmaxBackwardTests: XCTestCase {
  func testEqualsTheReference() throws {
    for classes in [1, 2, 7, 16, 33, 1000] {
      let rows = 5
      var draws = Draws(UInt64(classes))
      let logits = draws.floats(rows * classes, in: -6...6)
      let slope = draws.floats(rows * classes, in: -1...1)
      try onEveryTable { context, name in
        let p = try [Float].filled(logits.count, with: untouched) {
          try SoftmaxCrossEntropy.softmax(
            rows: rows, classes: classes, logits: logits, probabilities: $0, context: context)
        }
        let expected = [Double].filled(p.count, with: 0) {
          Reference.softmaxBackward(
            rows: rows, classes: classes, probabilities: p.doubles, probabilitiesGradient: slope.doubles,
            logitsGradient: $0)
        }
        var gradient = slope
        try gradient.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          try SoftmaxCrossEntropy.softmaxBackward(
            rows: rows, classes: classes, probabilities: p, probabilitiesGradient: base, logitsGradient: base,
            context: context)
        }
        assertWithin(gradient, expected, "\(name) \(classes) classes") { 4 * epsilon * Double(p[$0]) }
      }
    }
  }

  /// Central differences of Σ dp · softmax(z) in double precision.
  func testReferencePassesTheGradientCheck() {
    let classes = 6
    var draws = Draws(2)
    let (z, slope) = (draws.floats(classes, in: -2...2).doubles, draws.floats(classes).doubles)
    func softmax(_ z: [Double]) -> [Double] {
      [Double].filled(classes, with: 0) {
        Reference.softmax(rows: 1, classes: classes, logits: z, probabilities: $0)
      }
    }
    let gradient = [Double].filled(classes, with: 0) {
      Reference.softmaxBackward(
        rows: 1, classes: classes, probabilities: softmax(z), probabilitiesGradient: slope, logitsGradient: $0)
    }
    for c in 0..<classes {
      func objective(_ move: Double) -> Double {
        var moved = z
        moved[c] += move
        return zip(softmax(moved), slope).reduce(0) { $0 + $1.0 * $1.1 }
      }
      XCTAssertEqual(gradient[c], (objective(1e-6) - objective(-1e-6)) / 2e-6, accuracy: 1e-8)
    }
  }
}
