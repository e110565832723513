import XCTest

@testable import Tensors

final class PhiloxTests: XCTestCase {
  /// The known answers published by Random123 for philox4x32-10 (its file kat_vectors).
  func testKnownAnswers() {
    for (counter, key, expected) in [
      (SIMD4<UInt32>(repeating: 0), (0, 0), SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
      (
        SIMD4(repeating: .max), (.max, .max), SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0),
        SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ] as [(SIMD4<UInt32>, (UInt32, UInt32), SIMD4<UInt32>)] {
      XCTAssertEqual(Philox.block(counter, key0: key.0, key1: key.1), expected)
    }
  }

  func testEveryPartOfTheKeyMatters() {
    func word(_ seed: UInt64, _ purpose: Philox.Purpose, _ step: UInt64, _ index: UInt64) -> SIMD4<UInt32> {
      Philox(seed: seed, purpose: purpose, step: step).words(index)
    }
    let variants = [
      word(1, .crop, 2, 3), word(2, .crop, 2, 3), word(1 << 32, .crop, 2, 3), word(1, .color, 2, 3),
      word(1, .crop, 3, 3), word(1, .crop, 2 + 1 << 32, 3), word(1, .crop, 2, 4), word(1, .crop, 2, 3 + 1 << 32),
    ]
    XCTAssertEqual(Set(variants).count, variants.count)
    XCTAssertEqual(word(1, .crop, 2, 3), variants[0])
  }

  func testUnitAndBelowStayInRange() {
    XCTAssertEqual(Philox.unit(0), 0)
    XCTAssertLessThan(Philox.unit(.max), 1)
    for bound in [1, 2, 33, 1000] {
      XCTAssertEqual(Philox.below(bound, 0), 0)
      XCTAssertEqual(Philox.below(bound, .max), bound - 1)
    }
    let generator = Philox(seed: 5, purpose: .test, step: 0)
    var seen = [Int](repeating: 0, count: 33)
    for i in 0..<33_000 { seen[Philox.below(33, generator.words(UInt64(i))[0])] += 1 }
    XCTAssertTrue(seen.allSatisfy { (800...1200).contains($0) }, "\(seen)")
  }

  func testNormals() {
    let generator = Philox(seed: 6, purpose: .test, step: 0)
    var (sum, squares, fourths, count) = (0.0, 0.0, 0.0, 0)
    for i in 0..<50_000 {
      let values = Philox.normals(generator.words(UInt64(i)))
      for lane in 0..<4 {
        let value = Double(values[lane])
        sum += value
        squares += value * value
        fourths += value * value * value * value
        count += 1
      }
    }
    XCTAssertEqual(sum / Double(count), 0, accuracy: 0.015)
    XCTAssertEqual(squares / Double(count), 1, accuracy: 0.02)
    XCTAssertEqual(fourths / Double(count), 3, accuracy: 0.15)
    for words in [SIMD4<UInt32>(repeating: 0), SIMD4(repeating: .max)] {
      let values = Philox.normals(words)
      for lane in 0..<4 { XCTAssertTrue(values[lane].isFinite) }
    }
  }
}
