import KernelTemplates
import Kernels

/// Every way in which this machine can run a kernel: each instruction set, and OpenBLAS for matrix products.
public struct KernelVariant {
  public let name: String
  public let context: ComputeContext

  /// - Parameter withOpenBLAS: whether to include a variant that multiplies with OpenBLAS, if available.
  public static func all(withOpenBLAS: Bool = true) -> [KernelVariant] {
    // Tables with other products contain another table's float32 kernels.
    var variants = different { $0.matrix }
    if withOpenBLAS, GemmProvider.isOpenBLASThere, let table = KernelRegistry.available.last {
      variants.append(
        KernelVariant(name: "openblas", context: ComputeContext(kernels: table, gemm: .openblas)))
    }
    return variants
  }

  /// Every way in which this machine can multiply bytes.
  public static func int8() -> [KernelVariant] { different { $0.int8 } }

  /// A variant for each table whose kernels none before has.
  private static func different(_ kernels: (KernelTable) -> AnyObject) -> [KernelVariant] {
    var seen: Set<ObjectIdentifier> = []
    return KernelRegistry.available.filter { seen.insert(ObjectIdentifier(kernels($0))).inserted }.map { table in
      KernelVariant(name: table.name, context: ComputeContext(kernels: table, gemm: .swift))
    }
  }

  /// Every way in which this machine can multiply bfloat16.
  /// - Parameter emulated: whether to include emulated AMX.
  public static func bfloat16(emulated: Bool = true) -> [KernelVariant] {
    let tables = KernelRegistry.available.filter { $0.bfloat16 != nil } + (emulated ? [emulatedAMXTable] : [])
    return tables.map { table in
      KernelVariant(name: table.name, context: ComputeContext(kernels: table, gemm: .swift))
    }
  }
}
