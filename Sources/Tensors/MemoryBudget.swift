/// What the system can still give. Linux grants more memory than it has and kills a process later; a large
/// request is therefore compared with this figure first, and refused as an error.
public enum MemoryBudget {
  /// Smaller requests are not checked: reading the figure costs more than it saves.
  static let checkedFrom = 64 << 20

  static func refuses(bytes: Int) -> Bool {
    guard bytes >= checkedFrom, let available = availableBytes() else { return false }
    return bytes > available
  }

  /// `MemAvailable` of the machine, or what the cgroup's limit or the process's own (`ulimit -v`) leaves if that is less.
  public static func availableBytes() -> Int? {
    let machine = field("MemAvailable:", of: "/proc/meminfo").map { $0 << 10 }
    let limit = field(of: "/sys/fs/cgroup/memory.max")
    let used = field(of: "/sys/fs/cgroup/memory.current")
    // The page cache counts as used but gives way.
    let cached = ["inactive_file ", "active_file "].reduce(0) {
      $0 + (field($1, of: "/sys/fs/cgroup/memory.stat") ?? 0)
    }
    let group = limit.flatMap { limit in used.map { max(0, limit - max(0, $0 - cached)) } }
    let addresses = field("Max address space", of: "/proc/self/limits")
    let taken = field("VmSize:", of: "/proc/self/status").map { $0 << 10 }
    let process = addresses.flatMap { addresses in taken.map { max(0, addresses - $0) } }
    return [machine, group, process].compactMap { $0 }.min()
  }

  /// The first integer of the first line that starts with `key`.
  private static func field(_ key: String = "", of path: String) -> Int? {
    SystemFile.line(of: path, startingWith: key).flatMap { line in
      Int(line.drop { !$0.isNumber }.prefix { $0.isNumber })
    }
  }
}
