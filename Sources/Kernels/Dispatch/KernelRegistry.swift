import CShims
import KernelTemplates
import KernelsAMX
import KernelsAVX2
import KernelsAVX512
import KernelsAVX512BF16
import KernelsAVX512VNNI
import KernelsPortable
import Tensors

/// Chooses the kernel table, once, from the CPU's features and `SWIFTALEXNET_ISA`.
public enum KernelRegistry {
  /// Every table that this CPU can run, the fastest last; AMX is left out if the environment requests another.
  public static let available: [KernelTable] = {
    var tables = [portableKernels]
    if shim_cpu_has_avx2_fma() { tables.append(avx2Kernels) }
    if shim_cpu_has_avx512() {
      tables.append(KernelTable(name: "avx512", floats: avx512Kernels, int8: avx2Kernels.int8))
      let int8 = shim_cpu_has_avx512_vnni() ? avx512VNNI : avx2Kernels.int8
      if int8.isNative { tables.append(KernelTable(name: "avx512_vnni", floats: avx512Kernels, int8: int8)) }
      if shim_cpu_has_avx512_bf16() {
        tables.append(
          KernelTable(name: "avx512_bf16", floats: avx512Kernels, int8: int8, bfloat16: avx512BFloat16))
        if mayRequestTiles(wish: wish, besides: tables), shim_request_amx_bf16() {
          let tiles = amxKernels(besides: avx512BFloat16)
          if tiles.agrees(with: avx512BFloat16) {
            tables.append(KernelTable(name: "amx", floats: avx512Kernels, int8: int8, bfloat16: tiles))
          }
        }
      }
    }
    return tables
  }()

  /// Whether a table's products of bfloat16 are faster on this CPU than those of float32. Intel's VDPBF16PS is not:
  /// 0.44 times as many products in the same time on Emerald Rapids. AMX has a table of its own.
  public static func multipliesBFloat16Faster(_ table: KernelTable) -> Bool {
    table.bfloat16 != nil && !(table.name == "avx512_bf16" && shim_cpu_is_intel())
  }

  private static let wish = getenv("SWIFTALEXNET_ISA").map { String(cString: $0) }

  /// The permission to use tiles affects all threads of the host process for its lifetime, so it is not requested
  /// needlessly.
  static func mayRequestTiles(wish: String?, besides tables: [KernelTable]) -> Bool {
    !tables.contains { $0.name == wish }
  }

  /// The table in use, or why the environment's request cannot be met.
  public static let selected: Result<KernelTable, EngineError> = select(wish: wish)

  static func select(wish: String?) -> Result<KernelTable, EngineError> {
    guard let wish, !wish.isEmpty else { return .success(available.last ?? portableKernels) }
    if let table = available.first(where: { $0.name == wish }) { return .success(table) }
    let names = available.map(\.name).joined(separator: ", ")
    return .failure(.unsupported("SWIFTALEXNET_ISA: got '\(wish)', this CPU has \(names)"))
  }
}
