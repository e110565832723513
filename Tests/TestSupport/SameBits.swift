/// The promise that a row of a batch gets the same bits alone and in any company.
public enum SameBits {
  /// Sizes of batches on both sides of every border at which a driver takes another way.
  public static let batches = [1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 33]

  /// Computes some rows together, and again in batches of other sizes; the first row that gets other bits, in words.
  /// - Parameters:
  ///   - x: [rows][inputs]; the rows are as many as the largest batch.
  ///   - compute: makes [rows][outputs] of some rows.
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
