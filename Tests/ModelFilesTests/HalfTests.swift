import XCTest

@testable import ModelFiles

/// Against IEEE 754, section 3.6, in double precision, which holds every such number exactly.
final class HalfTests: XCTestCase {
  /// Of a finite pattern.
  private func value(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 0x3ff) / 1024)
    let magnitude =
      exponent == 0 ? fraction * 0x1p-14 : (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    return bits >> 15 == 0 ? magnitude : -magnitude
  }

  private var finite: [UInt16] { (0...UInt16.max).filter { $0 & 0x7c00 != 0x7c00 } }

  func testEveryPattern() {
    for bits in finite {
      XCTAssertEqual(Double(Half(bits: bits).float), value(bits))
      XCTAssertEqual(Half(bits: bits).float.sign == .minus, bits >> 15 == 1)
      XCTAssertEqual(Half(Half(bits: bits).float).bits, bits)
    }
    for bits in 0...UInt16.max where bits & 0x7c00 == 0x7c00 {
      let (float, isInfinite) = (Half(bits: bits).float, bits & 0x3ff == 0)
      XCTAssertEqual(float.isInfinite, isInfinite)
      XCTAssertEqual(float.isNaN, !isInfinite)
      if isInfinite { XCTAssertEqual(float.sign == .minus, bits >> 15 == 1) }
    }
    XCTAssertEqual(Double(Half.largest), value(0x7bff))
  }

  /// In the middle between two neighbours and right beside it, for all neighbours.
  func testRoundingToTheNearest() {
    for bits in finite where bits & 0x7fff < 0x7bff {
      let middle = Float((value(bits) + value(bits + 1)) / 2)
      let (inner, outer) = bits >> 15 == 0 ? (middle.nextDown, middle.nextUp) : (middle.nextUp, middle.nextDown)
      XCTAssertEqual(Half(inner).bits, bits)
      XCTAssertEqual(Half(middle).bits, bits & 1 == 0 ? bits : bits + 1)
      XCTAssertEqual(Half(outer).bits, bits + 1)
    }
    XCTAssertEqual(Half(.leastNonzeroMagnitude).bits, 0)
    XCTAssertEqual(Half(-.leastNonzeroMagnitude).bits, 0x8000)
  }
}
