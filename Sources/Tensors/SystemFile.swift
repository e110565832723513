import CShims

/// The small text files in which Linux says what a process may use.
package enum SystemFile {
  /// The first line of the file that starts with `prefix`, without its end; nil when there is none.
  package static func line(of path: String, startingWith prefix: String = "") -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 256)
    while fgets(&bytes, Int32(bytes.count - 1), file) != nil {
      let text = bytes.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
      let line = String(decoding: text, as: UTF8.self)
      if line.hasPrefix(prefix) { return line }
    }
    return nil
  }
}
