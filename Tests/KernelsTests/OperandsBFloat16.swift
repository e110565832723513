import Kernels
import Tensors
import TestSupport

/// Operands in bfloat16, and what a float64 reference expects for sums rounded to bfloat16.
enum OperandsBFloat16 {
  static func rounded(_ values: [Float]) -> [BFloat16] { values.map(BFloat16.init) }

  static func widened(_ values: [BFloat16]) -> [Float] { values.map(\.float) }

  static func doubles(_ values: [BFloat16]) -> [Double] { values.map { Double($0.float) } }

  /// The first element that differs from the exact sums of integers, rounded.
  static func firstDifference(_ actual: [BFloat16], expected: [Float]) -> String? {
    Tolerance.firstDifference(widened(actual), expected: widened(rounded(expected)))
  }

  /// The first element beyond the bound of its float32 sum and one rounding, 2^-8 of the result.
  static func firstBeyond(
    _ actual: [BFloat16], expected: [Double], terms: Int, magnitudes: [Double]
  ) -> String? {
    for i in expected.indices {
      let sum = Tolerance.sum(terms: terms, magnitude: magnitudes[i])
      let bound = sum + (abs(expected[i]) + sum) * 0x1p-8
      if !(abs(Double(actual[i].float) - expected[i]) <= bound) {
        return "element \(i): got \(actual[i].float), expected \(expected[i]) ± \(bound)"
      }
    }
    return nil
  }
}
