/// Sizes that come from outside are multiplied here and nowhere else: a product that does not fit is an
/// error that names the operation, never a trap and never a small wrong number.
public enum Extent {
  /// No tensor of the engine holds more elements (2^40); every byte count below stays far from overflow.
  public static let maximumCount = 1 << 40

  public static func product(_ factors: [Int], operation: String) throws -> Int {
    var count = 1
    for factor in factors {
      let (product, overflow) = count.multipliedReportingOverflow(by: factor)
      guard factor >= 0, !overflow, product <= maximumCount else {
        throw EngineError.outOfMemory(
          "\(operation): a tensor of \(factors.map(String.init).joined(separator: " × ")) elements is too large")
      }
      count = product
    }
    return count
  }
}
