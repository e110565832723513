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

  func testTheLargestMagnitude() throws {
    for count in awkwardCounts {
      var draws = Draws(13)
      let values = draws.floats(count)
      try onEveryTable { context, name in
        XCTAssertEqual(
          try Finite.largestMagnitude(count: count, values: values, context: context), values.map(abs).max(),
          "\(name) \(count)")
        for place in Set([0, count / 3, count - 1]) {
          for bad: Float in [-2, .infinity, -.infinity, .nan, -.nan] {
            var spoiled = values
            spoiled[place] = bad
            let largest = try Finite.largestMagnitude(count: count, values: spoiled, context: context)
            XCTAssertTrue(bad.isNaN ? largest.isNaN : largest == abs(bad), "\(name) \(count) \(bad)")
            // NaN wins over infinity in any position.
            spoiled[count - 1 - place] = place == count - 1 - place ? bad : .nan
            let worst = try Finite.largestMagnitude(count: count, values: spoiled, context: context)
            XCTAssertTrue(worst.isNaN || place == count - 1 - place, "\(name) \(count) \(bad)")
          }
        }
      }
    }
    try onEveryTable { context, name in
      XCTAssertEqual(try Finite.largestMagnitude(count: 3, values: [0, -0.0, 0], context: context), 0, name)
    }
  }
}
