import Kernels
import Tensors
import TestSupport
import XCTest

final class ShardsTests: XCTestCase {
  /// The order, seen in float32: 1 is lost beside 2²⁴, but not 1 + 1.
  func testNeighboursAreAddedFirst() throws {
    let context = try ComputeContext()
    let big: Float = 0x1p24
    for (terms, expected) in [
      ([big, 1, 1, 1], big + 2), ([1, 1, big, 1], 2 + big), ([big, 1, 1, 1, 1, 1, 1, 1], big + 6), ([3], 3),
      ([big, 1], big),
    ] as [([Float], Float)] {
      let shards = try Shards(terms.map { _ in 1 }, operation: "test")
      var (weight, bias) = ([Float](repeating: .nan, count: 3), [Float](repeating: .nan, count: 1))
      try weight.withUnsafeMutableBufferPointer { weight in
        try bias.withUnsafeMutableBufferPointer { bias in
          try shards.sum(into: [weight, bias], context: context) { images, sums in
            for index in 0..<3 { sums[0][index] = terms[images.lowerBound] }
            sums[1][0] = -terms[images.lowerBound]
          }
        }
      }
      XCTAssertEqual(weight, [expected, expected, expected])
      XCTAssertEqual(bias, [-expected])
    }
  }

  func testEmptyShardsAddNothing() throws {
    let context = try ComputeContext()
    let shards = try Shards([0, 2, 0, 1], operation: "test")
    XCTAssertEqual(shards.starts, [0, 0, 2, 2])
    XCTAssertEqual(shards.images, 3)
    var (weight, bias, seen) = ([Float.nan], [Float.nan], [Range<Int>]())
    try weight.withUnsafeMutableBufferPointer { weight in
      try bias.withUnsafeMutableBufferPointer { bias in
        try shards.sum(into: [weight, bias], context: context) { images, sums in
          seen.append(images)
          (sums[0][0], sums[1][0]) = (Float(images.count), 10)
        }
      }
    }
    XCTAssertEqual(seen, [0..<2, 2..<3])
    XCTAssertEqual([weight, bias], [[3], [20]])
  }

  func testSumsOfRoundedNumbers() throws {
    let context = try ComputeContext()
    let terms = RandomValues.uniform(8 * 50, seed: 3)
    let shards = try Shards(Array(repeating: 1, count: 8), roundsSums: true, operation: "test")
    var (weight, bias) = ([Float](repeating: .nan, count: 50), [Float](repeating: .nan, count: 50))
    try weight.withUnsafeMutableBufferPointer { weight in
      try bias.withUnsafeMutableBufferPointer { bias in
        try shards.sum(into: [weight, bias], context: context) { images, sums in
          for index in 0..<50 {
            let term = terms[images.lowerBound * 50 + index]
            (sums[0][index], sums[1][index]) = (term, term)
          }
        }
      }
    }
    for index in 0..<50 {
      var sums = (0..<8).map { terms[$0 * 50 + index] }
      while sums.count > 1 {
        sums = stride(from: 0, to: sums.count, by: 2).map { BFloat16(sums[$0]).float + BFloat16(sums[$0 + 1]).float }
      }
      XCTAssertEqual(weight[index], sums[0])
      XCTAssertEqual(bias[index], sums[0])
    }
  }

  func testRefusals() {
    for counts in [[], [1, 1, 1], [-1, 2], [Int.max, 1]] {
      XCTAssertThrowsError(try Shards(counts, operation: "test")) { error in
        guard case .invalidValue(let text) = error as? EngineError else { return XCTFail("got \(error)") }
        XCTAssert(text.hasPrefix("test: "), text)
      }
    }
  }
}
