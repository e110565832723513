import Tensors

/// How much each row of a batch counts in the loss Σ w·loss / Σ w: PyTorch's mean under class weights, and the mean over
/// w copies of each row where w is an integer. Equal weights give the bits of no weights. Weights that sum to 0 give a
/// loss and gradients of 0.
public struct LossWeights {
  /// [rows]; nil: each row counts 1.
  private let values: [Float]?
  private let rows: Int
  /// Rows that count; nil: all.
  private let present: [Bool]?
  private let largest: Double
  /// Σ w, what the sum of losses is divided by.
  public let total: Double

  /// - Parameters:
  ///   - values: [rows]; nil: all rows count the same.
  ///   - present: [rows]: the rows that count at all; nil: all.
  ///   - total: Σ w of the batch that these rows are a part of; nil: they are the batch.
  /// - Throws: ``EngineError/invalidValue(_:)`` for weights of the wrong number, not finite or below 0.
  public init(
    _ values: [Float]?, rows: Int, present: [Bool]? = nil, total: Double? = nil, operation: String
  ) throws {
    for (row, weight) in (values ?? []).enumerated() where !(weight.isFinite && weight >= 0) {
      throw EngineError.invalidValue(
        "\(operation): sample_weight \(row) is \(weight.inWords), expected a finite number ≥ 0")
    }
    guard values.map({ $0.count == rows }) ?? true else {
      throw EngineError.invalidValue(
        "\(operation): got \(values?.count ?? 0) values of sample_weight, expected \(rows), one per row of the batch")
    }
    (self.values, self.rows, self.present) = (values, rows, present)
    largest = values.map { $0.reduce(0.0) { max($0, Double($1)) } } ?? 1
    self.total = total ?? values.map { $0.reduce(0.0) { $0 + Double($1) } } ?? Double(rows)
  }

  /// What the gradient of a row's own loss is divided by; ∞ for a weight of 0.
  func divisor(_ row: Int) -> Float {
    guard present?[row] ?? true else { return .infinity }
    guard let weight = values?[row] else { return Float(total) }
    return weight > 0 ? Float(total / Double(weight)) : .infinity
  }

  /// The loss of a row times its weight.
  public func weighted(_ loss: Float, row: Int) -> Double {
    guard present?[row] ?? true else { return 0 }
    return Double(values?[row] ?? 1) * Double(loss)
  }

  /// Σ w·loss / Σ w of a whole batch.
  public func mean(_ losses: UnsafePointer<Float>) -> Double {
    guard let values else { return (0..<rows).reduce(0.0) { $0 + Double(losses[$1]) } / Double(rows) }
    guard largest > 0 else { return 0 }
    // In parts of the largest weight, equal weights are exactly 1.
    let sum = (0..<rows).reduce(0.0) { $0 + Double(values[$1]) / largest * Double(losses[$1]) }
    return sum / (total / largest)
  }
}
