import Kernels
import Tensors
import TestSupport
import XCTest

final class BFloat16ConversionTests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testConversion() throws {
    for count in awkwardCounts {
      var draws = Draws(1)
      let x = draws.floats(count, in: -1000...1000)
      let expected = x.map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        let narrow = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try BFloat16Conversion.narrow(count: count, input: x, output: $0, context: variant.context)
        }
        XCTAssertEqual(narrow, expected, "\(variant.name) \(count)")
        let wide = try [Float].filled(count, with: untouched) {
          try BFloat16Conversion.widen(count: count, input: narrow, output: $0, context: variant.context)
        }
        assertIdentical(wide, expected.map(\.float), "\(variant.name) \(count)")
      }
    }
  }
}
