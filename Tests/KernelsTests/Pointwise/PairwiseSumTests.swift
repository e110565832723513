import XCTest

@testable import Kernels

final class PairwiseSumTests: XCTestCase {
  /// Terms as text show the order, and slots how many of them are needed at once.
  func testNeighboursAreAddedFirst() {
    for (terms, expected) in [
      (1, "0"), (2, "(0 + 1)"), (4, "((0 + 1) + (2 + 3))"),
      (8, "(((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)))"),
    ] {
      var slots = [String](repeating: "", count: PairwiseSum.slots(terms) + 1)
      PairwiseSum.sum(terms: terms) { term, slot in
        slots[slot] = "\(term)"
      } add: { slot, other in
        slots[slot] = "(\(slots[slot]) + \(slots[other]))"
      }
      XCTAssertEqual(slots[0], expected)
    }
    XCTAssertEqual([1, 2, 4, 8, 1024].map(PairwiseSum.slots), [0, 1, 2, 3, 10])
  }
}
