import Kernels
import Tensors
import TestSupport
import XCTest

final class AdditionTests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testSumsAreThoseOfFloats() throws {
    for count in awkwardCounts + [70_000] {
      var draws = Draws(3)
      let (values, sums) = (draws.floats(count), draws.floats(count))
      let expected = zip(values, sums).map { $1 + $0 }
      try onEveryTable { context, name in
        var added = sums
        try Addition.add(count: count, values, to: &added, context: context)
        assertIdentical(added, expected, "\(name) \(count)")
      }
      let narrow = sums.map(BFloat16.init)
      let rounded = zip(values, narrow).map { BFloat16($1.float + $0) }
      for variant in KernelVariant.bfloat16() {
        var added = narrow
        try Addition.add(count: count, values, toBFloat16: &added, context: variant.context)
        XCTAssertEqual(added, rounded, "\(variant.name) \(count)")
      }
    }
  }
}
