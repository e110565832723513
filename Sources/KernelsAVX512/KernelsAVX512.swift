import KernelTemplates

public let avx512Kernels = KernelTable(name: "avx512", of: AVX512.self, vector: SIMD16<Float>.self)

enum AVX512: InstructionSet {
  static var fused: Bool { true }
  static var rows: Int { 12 }
  static var wideRows: Int { 8 }
  /// Measured on an AMD EPYC (Zen 4).
  static var rates: [[Int]] {
    [
      [25, 49, 74, 98, 98, 98, 98, 99, 99, 99, 99, 99],
      [47, 85, 98, 99, 98, 99, 99, 99, 99, 99, 99, 99],
      [48, 93, 98, 99, 99, 99, 99, 99],
    ]
  }
}
