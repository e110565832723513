import Foundation

/// Runs `body` on a folder with made-up versions, given by path, of the files in which Linux reports what a process may
/// use.
public func withMadeUpSystem<Result>(_ files: [String: String], _ body: (_ root: String) throws -> Result) throws
  -> Result
{
  let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: root) }
  for (path, text) in files {
    let file = root.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: false, encoding: .utf8)
  }
  return try body(root.path)
}
