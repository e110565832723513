import Glibc

/// Why a model file was not read or written; for numbers and names that do not fit, see `EngineError`.
public enum ModelFileError: Error, Equatable, CustomStringConvertible {
  /// The file is damaged, cut short, or was not written by this package: Python's `CheckpointCorruptError`.
  case damaged(String)
  /// The system refused; `code` is its `errno`.
  case system(code: Int32, String)

  public var description: String {
    switch self {
    case .damaged(let text), .system(_, let text): return text
    }
  }

  /// The error of the system call that has just failed.
  static func lastCall(_ path: String, code: Int32 = errno) -> ModelFileError {
    .system(code: code, "\(path): \(String(cString: strerror(code)))")
  }
}
