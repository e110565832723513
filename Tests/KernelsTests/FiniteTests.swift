import Kernels
import XCTest

final class FiniteTests: XCTestCase {
  func testFindsTheFirst() throws {
    for count in awkwardCounts {
      var draws = Draws(12)
      var values = draws.floats(count)
      values[0] = .greatestFiniteMagnitude
      try onEveryTable { context, name in
        XCTAssertNil(try Finite.firstNonFinite(count: count, values: values, context: context), "\(name) \(count)")
        for place in Set([0, count / 3, count - 1]) {
          for bad: Float in [.nan, .infinity, -.infinity] {
            var spoiled = values
            spoiled[place] = bad
            spoiled[count - 1] = .nan
            XCTAssertEqual(
              try Finite.firstNonFinite(count: count, values: spoiled, context: context), place, "\(name) \(count)")
          }
        }
      }
    }
  }

  func testOppositeInfinitiesDoNotCancel() throws {
    let values = [Float](repeating: 0, count: 64) + [.infinity] + [Float](repeating: 0, count: 63) + [-.infinity]
    try onEveryTable { context, name in
      XCTAssertEqual(try Finite.firstNonFinite(count: values.count, values: values, context: context), 64, name)
    }
  }
}
