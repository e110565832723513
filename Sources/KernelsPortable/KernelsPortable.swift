import KernelTemplates

public let portableKernels = KernelTable(name: "portable", of: Portable.self, vector: SIMD4<Float>.self)

enum Portable: InstructionSet {
  static var fused: Bool { false }
  static var rows: Int { 4 }
  static var wideRows: Int { 3 }
  /// Measured on an AMD EPYC (Zen 4).
  static var rates: [[Int]] {
    [
      [20, 41, 57, 59],
      [41, 71, 75, 79],
      [60, 78, 81],
    ]
  }
}
