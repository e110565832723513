/// The promise that a row gets the same bits alone and in any batch.
public enum SameBits {
  /// Batch sizes on both sides of every threshold at which a driver changes its method.
  public static let batches = [1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 33]

  /// Computes some rows together, and again in batches of other sizes; describes the first row with different bits.
  /// - Parameters:
  ///   - x: [rows][inputs]; as many rows as the largest batch.
  ///   - compute: computes [rows][outputs] from some rows.
  public static func firstDifference<Input, Output: BitwiseCopyable>(
    _ x: [Input], batches: [Int] = SameBits.batches, compute: (_ x: [Input], _ rows: Int) throws -> [Output]
  ) rethrows -> String? {
    let most = batches.max() ?? 1
    let inputs = x.count / most
    let together = try compute(x, most)
    let outputs = together.count / most
    for batch in batches {
      // Not from the first row on: a row's place in its batch must not matter either.
      let first = most - batch
      let rows = try compute(Array(x[(first * inputs)..<((first + batch) * inputs)]), batch)
      for row in 0..<batch {
        let expected = bits(together[((first + row) * outputs)..<((first + row + 1) * outputs)])
        if bits(rows[(row * outputs)..<((row + 1) * outputs)]) != expected {
          return "row \(row) of a batch of \(batch) has other bits than among \(most)"
        }
      }
    }
    return nil
  }

  private static func bits<Value: BitwiseCopyable>(_ values: ArraySlice<Value>) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }
}
