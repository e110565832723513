import CShims
import Tensors

/// Who multiplies matrices: the engine's own kernels or the system's BLAS.
public enum GemmProvider: String, CaseIterable, Sendable {
  case swift
  case openblas

  public var name: String { rawValue }

  /// What `SWIFTALEXNET_GEMM` says; without it OpenBLAS where only the portable kernels run, because there the
  /// BLAS has tuned kernels and the engine has none.
  static func select(wish: String?, kernels: String) -> Result<GemmProvider, EngineError> {
    guard let wish, !wish.isEmpty else { return .success(kernels == "portable" ? .openblas : .swift) }
    if let provider = GemmProvider(rawValue: wish) { return .success(provider) }
    let names = allCases.map(\.name).joined(separator: ", ")
    return .failure(.unsupported("SWIFTALEXNET_GEMM: got '\(wish)', expected one of \(names)"))
  }
}

extension KernelRegistry {
  /// The matrix multiplication in use, or why the environment's wish cannot be met.
  public static let gemmProvider: Result<GemmProvider, EngineError> = selected.flatMap { table in
    GemmProvider.select(wish: getenv("SWIFTALEXNET_GEMM").map { String(cString: $0) }, kernels: table.name)
  }
}
