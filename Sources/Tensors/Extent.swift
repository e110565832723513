/// Sizes from outside are multiplied here and nowhere else: an overflow is an error that names the operation, never a
/// trap or a small wrong number.
public enum Extent {
  /// The most elements of a tensor (2^40); every byte count below it stays far from overflow.
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
