import Kernels
import XCTest

final class SquaredDistancesTests: XCTestCase {
  private static let sizes = [
    (1, 1, 1), (1, 4, 3), (3, 5, 17), (4, 7, 1023), (5, 3, 1024), (2, 9, 1025), (17, 33, 40), (16, 16, 5), (6, 2, 3000),
  ]

  private func distances(
    _ rows: Int, _ columns: Int, _ length: Int, _ a: [Float], _ b: [Float]?, _ context: ComputeContext
  ) throws -> [Float] {
    try [Float].filled(rows * columns, with: untouched) { output in
      guard let b else {
        return try SquaredDistances.compute(
          rows: rows, columns: columns, length: length, a: a, b: nil, output: output, context: context)
      }
      try SquaredDistances.compute(
        rows: rows, columns: columns, length: length, a: a, b: b, output: output, context: context)
    }
  }

  private func expected(_ rows: Int, _ columns: Int, _ length: Int, _ a: [Float], _ b: [Float]) -> [Double] {
    [Double].filled(rows * columns, with: 0) {
      Reference.squaredDistances(
        rows: rows, columns: columns, length: length, a: a.doubles, b: b.doubles, output: $0)
    }
  }

  func testIntegersAreExact() throws {
    for (rows, columns, length) in Self.sizes {
      var draws = Draws(UInt64(length))
      let (a, b) = (
        draws.integers(rows * length, magnitude: 20), draws.integers(columns * length, magnitude: 20)
      )
      let between = expected(rows, columns, length, a, b).map { Float($0) }
      let within = expected(rows, rows, length, a, a).map { Float($0) }
      try onEveryTable { context, name in
        let label = "\(name) \(rows) × \(columns) × \(length)"
        assertIdentical(try distances(rows, columns, length, a, b, context), between, label)
        assertIdentical(try distances(rows, rows, length, a, nil, context), within, label)
      }
    }
  }

  func testNearlyEqualRowsKeepTheirDigits() throws {
    let (rows, length) = (5, 5000)
    var draws = Draws(8)
    let first = draws.floats(length)
    let a = (0..<rows).flatMap { row in first.map { $0 + Float(row) * 1e-4 } }
    let expected = expected(rows, rows, length, a, a)
    try onEveryTable { context, name in
      assertWithin(try distances(rows, rows, length, a, nil, context), expected, name) {
        2 * 64 * epsilon * expected[$0]
      }
    }
  }

  /// A pair's bits are its own: they depend on no other row, on no place in the result, and on no thread.
  func testSameBits() throws {
    let (rows, length) = (37, 2500)
    var draws = Draws(9)
    let a = draws.floats(rows * length)
    try assertSameBitsForAnyThreadCount { try distances(rows, rows, length, a, nil, $0) }
    try onEveryTable { context, name in
      let together = try distances(rows, rows, length, a, nil, context)
      assertIdentical(try distances(rows, rows, length, a, a, context), together, name)
      for row in [0, 15, 36] {
        let one = Array(a[(row * length)..<((row + 1) * length)])
        let alone = try distances(1, rows, length, one, a, context)
        assertIdentical(alone, Array(together[(row * rows)..<((row + 1) * rows)]), "\(name) row \(row)")
      }
    }
  }
}
