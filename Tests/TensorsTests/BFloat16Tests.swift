import Tensors
import XCTest

final class BFloat16Tests: XCTestCase {
  func testEveryValueSurvivesTheWay() {
    for bits in UInt16.min...UInt16.max {
      let value = BFloat16(bits: bits).float
      let back = BFloat16(value)
      if value.isNaN {
        XCTAssert(back.float.isNaN, "\(bits)")
      } else {
        XCTAssertEqual(back.bits, bits)
      }
    }
  }

  func testRoundsToTheNearestAndOfTwoToTheEven() {
    // One step at 1 is 2^-7.
    let cases: [(Float, Float)] = [
      (1 + 0x1p-8, 1), (1 + 0x1p-8 + 0x1p-23, 1 + 0x1p-7), (1 + 3 * 0x1p-8, 1 + 0x1p-6),
      (1 + 3 * 0x1p-8 - 0x1p-23, 1 + 0x1p-7), (-1 - 0x1p-8, -1), (0x1.fep0 + 0x1p-8, 2), (256, 256), (257, 256),
      (0, 0), (.infinity, .infinity), (-.infinity, -.infinity), (.greatestFiniteMagnitude, .infinity),
    ]
    for (x, expected) in cases { XCTAssertEqual(BFloat16(x).float, expected, "\(x)") }
  }

  func testANaNWhoseFractionIsCutOffStaysNaN() {
    XCTAssert(BFloat16(Float(bitPattern: 0x7f80_0001)).float.isNaN)
    XCTAssert(BFloat16(Float(bitPattern: 0xffff_ffff)).float.isNaN)
  }
}
