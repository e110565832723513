/// Everything that the engine refuses or fails to do. The C ABI turns each case into a status, Python into
/// an exception type. The text names the operation, what was given and what was expected.
public enum EngineError: Error, Equatable, CustomStringConvertible {
  case invalidValue(String)
  case outOfMemory(String)
  case unsupported(String)
  case nonFinite(String)
  case concurrentUse(String)
  /// The caller asked to stop (Ctrl-C); nothing was committed.
  case interrupted

  public var description: String {
    switch self {
    case .invalidValue(let text), .outOfMemory(let text), .unsupported(let text), .nonFinite(let text),
      .concurrentUse(let text):
      return text
    case .interrupted: return "interrupted"
    }
  }
}

extension Float {
  /// The sign of a NaN means nothing.
  package var inWords: String { isNaN ? "nan" : "\(self)" }
}
