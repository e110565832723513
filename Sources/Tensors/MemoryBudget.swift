/// The memory still available. Linux grants more memory than it has and kills a process later, so a large request is
/// first compared with this figure and refused with an error.
public enum MemoryBudget {
  /// Smaller requests are not checked: reading the figure would cost more than it saves.
  static let checkedFrom = 64 << 20

  static func refuses(bytes: Int) -> Bool {
    guard bytes >= checkedFrom, let available = availableBytes() else { return false }
    return bytes > available
  }

  /// `MemAvailable` of the machine, or what a limit leaves, if that is less: that of a control group or of the process
  /// itself (`ulimit -v`, `ulimit -d`).
  public static func availableBytes() -> Int? { availableBytes(root: "") }

  /// The same for a system whose files lie below `root`.
  static func availableBytes(root: String) -> Int? {
    let machine = SystemFile.number(of: root + "/proc/meminfo", startingWith: "MemAvailable:").map { $0 << 10 }
    let groups =
      ControlGroups.folders(root: root).map { left(in: $0, names: .version2) }
      + ControlGroups.folders(of: "memory", root: root).map { left(in: $0, names: .version1) }
    let process = [("Max address space", "VmSize:"), ("Max data size", "VmData:")].map { limit, used in
      left(
        of: SystemFile.number(of: root + "/proc/self/limits", startingWith: limit),
        used: SystemFile.number(of: root + "/proc/self/status", startingWith: used).map { $0 << 10 })
    }
    return ([machine] + groups + process).compactMap { $0 }.min()
  }

  /// The file names of a group. `cached` are the lines that count reclaimable memory: the page cache and, if the group
  /// reports them, the kernel's own caches.
  private struct Names {
    let limit: String, used: String
    let cached: [String]

    static let version2 = Names(
      limit: "/memory.max", used: "/memory.current", cached: ["inactive_file ", "active_file ", "slab_reclaimable "])
    static let version1 = Names(
      limit: "/memory.limit_in_bytes", used: "/memory.usage_in_bytes",
      cached: ["total_inactive_file ", "total_active_file "])
  }

  private static func left(in folder: String, names: Names) -> Int? {
    guard let limit = SystemFile.number(of: folder + names.limit) else { return nil }
    let cached = SystemFile.lines(of: folder + "/memory.stat").compactMap { line in
      names.cached.first { line.hasPrefix($0) }.flatMap { Int(line.dropFirst($0.count)) }
    }
    let used = SystemFile.number(of: folder + names.used)
    return left(of: limit, used: used.map { cached.reduce($0) { max(0, $0 - max(0, $1)) } })
  }

  private static func left(of limit: Int?, used: Int?) -> Int? {
    guard let limit, let used else { return nil }
    return max(0, limit - used)
  }
}
