import CShims
import Tensors

/// What multiplies matrices: the engine's own kernels or OpenBLAS.
public enum GemmProvider: String, CaseIterable, Sendable {
  case swift
  case openblas

  public var name: String { rawValue }

  /// The provider for a context, with OpenBLAS loaded if it is needed.
  /// - Parameter wish: nil: OpenBLAS if only the portable kernels run, because it has tuned kernels there and the
  ///   engine has none; if it cannot be loaded, the engine's own.
  /// - Throws: ``EngineError/unsupported(_:)`` if OpenBLAS is requested and cannot be loaded.
  static func select(wish: GemmProvider?, kernels: String) throws(EngineError) -> GemmProvider {
    switch wish {
    case .swift: return .swift
    case .openblas:
      try BLAS.load()
      return .openblas
    case nil: return kernels == "portable" && isOpenBLASThere ? .openblas : .swift
    }
  }

  /// Whether OpenBLAS can be loaded; if so, loads it.
  package static var isOpenBLASThere: Bool {
    do { try BLAS.load() } catch { return false }
    return true
  }

  /// What the text of `SWIFTALEXNET_GEMM` requests; nil for nothing.
  static func wish(_ text: String?) -> Result<GemmProvider?, EngineError> {
    guard let text, !text.isEmpty else { return .success(nil) }
    if let provider = GemmProvider(rawValue: text) { return .success(provider) }
    let names = allCases.map(\.name).joined(separator: ", ")
    return .failure(.unsupported("SWIFTALEXNET_GEMM: got '\(text)', expected one of \(names)"))
  }
}

extension KernelRegistry {
  /// What the environment requests, or why that is not a provider.
  static let gemmWish = GemmProvider.wish(getenv("SWIFTALEXNET_GEMM").map { String(cString: $0) })
}
