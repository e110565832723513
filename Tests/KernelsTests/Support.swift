import Kernels
import Parallel
import Tensors
import TestSupport
import XCTest

/// ``RandomValues`` in ranges, one draw after another.
struct Draws {
  private var seed: UInt64

  init(_ seed: UInt64) { self.seed = seed << 32 }

  private mutating func nextSeed() -> UInt64 {
    seed += 1
    return seed
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    let (center, reach) = ((range.lowerBound + range.upperBound) / 2, (range.upperBound - range.lowerBound) / 2)
    return RandomValues.uniform(count, seed: nextSeed()).map { center + reach * $0 }
  }

  mutating func doubles(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Double] {
    floats(count, in: range).doubles
  }

  /// Integers from −magnitude to magnitude.
  mutating func integers(_ count: Int, magnitude: Int) -> [Float] {
    RandomValues.integers(count, seed: nextSeed(), magnitude: magnitude)
  }

  /// A number from 0 up to, not including, `bound`.
  mutating func index(below bound: Int) -> Int {
    Philox.below(bound, Philox(seed: nextSeed(), purpose: .test, step: 2).words(0)[0])
  }
}

/// Sizes around the widths of all vectors: tails of every length, one block and several.
let awkwardCounts = Array(1...40) + [63, 64, 65, 127, 1000, 32767, 32768, 32769, 70001]

/// Runs a test on the table of every instruction set of this CPU.
func onEveryTable(_ body: (_ context: ComputeContext, _ name: String) throws -> Void) rethrows {
  for variant in KernelVariant.all(withOpenBLAS: false) { try body(variant.context, variant.name) }
}

/// Runs a computation with 1, 2, 3 and 4 threads on every table and requires the same bits.
func assertSameBitsForAnyThreadCount(
  _ message: String = "", file: StaticString = #filePath, line: UInt = #line,
  _ compute: (ComputeContext) throws -> [Float]
) throws {
  let before = ThreadPool.shared.threadCount
  defer { try? ThreadPool.shared.setThreadCount(before) }
  try onEveryTable { context, name in
    try ThreadPool.shared.setThreadCount(1)
    let expected = try compute(context).map(\.bitPattern)
    for threads in 2...4 {
      try ThreadPool.shared.setThreadCount(threads)
      XCTAssertEqual(
        try compute(context).map(\.bitPattern), expected, "\(name), \(threads) threads \(message)", file: file,
        line: line)
    }
  }
}

/// Equal bits, with all NaNs equal; the message names the first difference.
func assertIdentical(
  _ actual: [Float], _ expected: [Float], _ message: @autoclosure () -> String = "",
  file: StaticString = #filePath, line: UInt = #line
) {
  XCTAssertEqual(actual.count, expected.count, message(), file: file, line: line)
  for (i, (a, e)) in zip(actual, expected).enumerated() where a != e && !(a.isNaN && e.isNaN) {
    return XCTFail("element \(i): got \(a), expected \(e) \(message())", file: file, line: line)
  }
}

/// |actual − expected| ≤ bound(i) for every element.
func assertWithin(
  _ actual: [Float], _ expected: [Double], _ message: @autoclosure () -> String = "",
  file: StaticString = #filePath, line: UInt = #line, bound: (Int) -> Double
) {
  XCTAssertEqual(actual.count, expected.count, message(), file: file, line: line)
  for (i, (a, e)) in zip(actual, expected).enumerated() where !(abs(Double(a) - e) <= bound(i)) {
    return XCTFail(
      "element \(i): got \(a), expected \(e) within \(bound(i)) \(message())", file: file, line: line)
  }
}

extension Array where Element == Float {
  var doubles: [Double] { map(Double.init) }
}

extension Array {
  /// Calls `body` with memory for the array's elements and returns what it wrote.
  static func filled(
    _ count: Int, with value: Element, _ body: (UnsafeMutablePointer<Element>) throws -> Void
  ) rethrows -> [Element] {
    var array = [Element](repeating: value, count: count)
    try array.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try body(base) }
    }
    return array
  }
}

/// A number no kernel computes: shows what was left unwritten.
let untouched: Float = -12_345.678
let epsilon = Double(Float.ulpOfOne)
