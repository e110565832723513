import Glibc
import Kernels
import Tensors

/// Sums over images that give the error rates: 100 · (1 − credit / count).
public struct Score: Sendable {
  public var top1Credit = 0.0
  public var top5Credit = 0.0
  /// Σ −log p(label)
  public var loss = 0.0

  /// Scores `rows` rows of `classes` probabilities. Ties share credit (``Ranking``).
  /// - Throws: ``EngineError/invalidValue(_:)`` for a label out of range.
  public init(
    probabilities: UnsafePointer<Float>, labels: UnsafePointer<Int32>, rows: Int, classes: Int
  ) throws {
    for row in 0..<rows {
      let label = Int(labels[row])
      guard label >= 0, label < classes else {
        throw EngineError.invalidValue("score: label \(row) is \(label), expected 0 ≤ label < \(classes)")
      }
      let scores = UnsafeBufferPointer(start: probabilities + row * classes, count: classes)
      top1Credit += Ranking.credit(scores, label: label, slots: 1)
      top5Credit += Ranking.credit(scores, label: label, slots: 5)
      loss -= log(max(Double(scores[label]), Double(Float.leastNonzeroMagnitude)))
    }
  }
}
