import CShims

/// What the system can still give. Linux grants more memory than it has and kills a process later; a large
/// request is therefore compared with this figure first, and refused as an error.
enum MemoryBudget {
  /// Smaller requests are not checked: reading the figure costs more than it saves.
  static let checkedFrom = 64 << 20

  static func refuses(bytes: Int) -> Bool {
    guard bytes >= checkedFrom, let available = availableBytes() else { return false }
    return bytes > available
  }

  /// `MemAvailable` of the machine, or what the cgroup's limit leaves if that is less.
  static func availableBytes() -> Int? {
    let machine = field("MemAvailable:", of: "/proc/meminfo").map { $0 << 10 }
    let limit = field(nil, of: "/sys/fs/cgroup/memory.max")
    let used = field(nil, of: "/sys/fs/cgroup/memory.current")
    let group = limit.flatMap { limit in used.map { max(0, limit - $0) } }
    return [machine, group].compactMap { $0 }.min()
  }

  /// The first integer of the line that starts with `key`, or of the file.
  private static func field(_ key: String?, of path: String) -> Int? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 256)
    while fgets(&bytes, Int32(bytes.count - 1), file) != nil {
      let line = String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      guard key.map(line.hasPrefix) ?? true else { continue }
      let digits = line.drop { !$0.isNumber }.prefix { $0.isNumber }
      return Int(digits)
    }
    return nil
  }
}
