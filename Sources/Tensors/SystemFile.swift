import CShims

/// The small text files in which Linux reports what a process may use.
package enum SystemFile {
  /// The lines of the file, without line ends; none if it cannot be read.
  package static func lines(of path: String) -> [String] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    var lines: [String] = []
    while case let count = getline(&line, &capacity, file), count > 0, let line {
      let bytes = UnsafeBufferPointer(start: line, count: count).map(UInt8.init(bitPattern:))
      lines.append(String(decoding: bytes.last == 10 ? bytes.dropLast() : bytes[...], as: UTF8.self))
    }
    return lines
  }

  /// The first line of the file that starts with `prefix`; nil if there is none.
  package static func line(of path: String, startingWith prefix: String = "") -> String? {
    lines(of: path).first { $0.hasPrefix(prefix) }
  }

  /// The number after the prefix on that line; nil if there is none, or if the system says "max" or "unlimited".
  package static func number(of path: String, startingWith prefix: String = "") -> Int? {
    line(of: path, startingWith: prefix).flatMap { line in
      line.dropFirst(prefix.count).split { $0 == " " || $0 == "\t" }.first.flatMap { Int($0) }
    }
  }
}
