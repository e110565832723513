import Glibc
import Tensors

/// Paths from callers.
enum Path {
  /// - Throws: ``EngineError/invalidValue(_:)`` for an empty path and one with a NUL, at which the system would end it.
  static func require(_ path: String, operation: String) throws {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw EngineError.invalidValue("\(operation): got the path '\(path)', expected a name without NUL")
    }
  }

  /// The folder and the name of the file that a write replaces: symbolic links are followed, also to a missing file.
  /// - Throws: ``ModelFileError/system(code:_:)``, for example for a missing folder.
  static func target(of path: String) throws -> (folder: String, name: String) {
    var path = path
    for _ in 0..<40 {  // as many links as Linux follows
      if let resolved = resolved(path) { return split(resolved) }
      guard errno == ENOENT else { throw ModelFileError.lastCall(path) }
      let (folder, name) = split(path)
      guard let folder = resolved(folder) else { throw ModelFileError.lastCall(path) }
      guard let link = link(join(folder, name)) else { return (folder, name) }
      path = link.hasPrefix("/") ? link : join(folder, link)
    }
    throw ModelFileError.lastCall(path, code: ELOOP)
  }

  static func join(_ folder: String, _ name: String) -> String { folder == "/" ? "/" + name : folder + "/" + name }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  private static func resolved(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  /// Where a symbolic link leads; nil for anything else.
  private static func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes { buffer in
      buffer.withMemoryRebound(to: CChar.self) { chars in
        chars.baseAddress.map { readlink(path, $0, chars.count) } ?? -1
      }
    }
    return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
  }
}
