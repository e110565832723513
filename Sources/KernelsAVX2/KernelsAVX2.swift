import KernelTemplates

public let avx2Kernels = KernelTable(name: "avx2", of: AVX2.self, vector: SIMD8<Float>.self, int8: avx2Int8)

enum AVX2: InstructionSet {
  static var fused: Bool { true }
  static var rows: Int { 6 }
  static var wideRows: Int { 4 }
  /// Measured on an AMD EPYC (Zen 4).
  static var rates: [[Int]] {
    [
      [12, 25, 37, 49, 61, 73],
      [25, 49, 73, 91, 93, 97],
      [37, 73, 92, 98],
    ]
  }
}
