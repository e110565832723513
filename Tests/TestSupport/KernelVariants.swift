import Kernels

/// Every way in which this machine can run a kernel: each instruction set, and OpenBLAS for matrix products.
public struct KernelVariant {
  public let name: String
  public let context: ComputeContext

  /// - Parameter withOpenBLAS: whether a variant that multiplies by OpenBLAS is among them, where it can be had.
  public static func all(withOpenBLAS: Bool = true) -> [KernelVariant] {
    // Tables with bfloat16 hold the float32 kernels of another.
    var variants = KernelRegistry.available.filter { $0.bfloat16 == nil }.map { table in
      KernelVariant(name: table.name, context: ComputeContext(kernels: table, gemm: .swift))
    }
    if withOpenBLAS, GemmProvider.isOpenBLASThere, let table = KernelRegistry.available.last {
      variants.append(
        KernelVariant(name: "openblas", context: ComputeContext(kernels: table, gemm: .openblas)))
    }
    return variants
  }

  /// Every way in which this machine can multiply bfloat16.
  /// - Parameter emulated: whether emulated AMX is among them.
  public static func bfloat16(emulated: Bool = true) -> [KernelVariant] {
    let tables = KernelRegistry.available.filter { $0.bfloat16 != nil } + (emulated ? [emulatedAMXTable] : [])
    return tables.map { table in
      KernelVariant(name: table.name, context: ComputeContext(kernels: table, gemm: .swift))
    }
  }
}
