import CShims
import Tensors

/// Who multiplies matrices: the engine's own kernels or OpenBLAS.
public enum GemmProvider: String, CaseIterable, Sendable {
  case swift
  case openblas

  public var name: String { rawValue }

  /// The provider that serves a context, with OpenBLAS loaded where it is needed.
  /// - Parameter wish: nil: OpenBLAS where only the portable kernels run, because there it has tuned kernels and the
  ///   engine has none; if it cannot be loaded, the engine's own.
  /// - Throws: ``EngineError/unsupported(_:)`` where OpenBLAS is wished for and cannot be loaded.
  static func select(wish: GemmProvider?, kernels: String) throws(EngineError) -> GemmProvider {
    switch wish {
    case .swift: return .swift
    case .openblas:
      try BLAS.load()
      return .openblas
    case nil: return kernels == "portable" && isOpenBLASThere ? .openblas : .swift
    }
  }

  /// Whether OpenBLAS can be loaded; it then is.
  package static var isOpenBLASThere: Bool {
    do { try BLAS.load() } catch { return false }
    return true
  }

  /// What the text of `SWIFTALEXNET_GEMM` wishes for; nil for nothing.
  static func wish(_ text: String?) -> Result<GemmProvider?, EngineError> {
    guard let text, !text.isEmpty else { return .success(nil) }
    if let provider = GemmProvider(rawValue: text) { return .success(provider) }
    let names = allCases.map(\.name).joined(separator: ", ")
    return .failure(.unsupported("SWIFTALEXNET_GEMM: got '\(text)', expected one of \(names)"))
  }
}

extension KernelRegistry {
  /// What the environment wishes for, or why that is no provider.
  static let gemmWish = GemmProvider.wish(getenv("SWIFTALEXNET_GEMM").map { String(cString: $0) })
}
