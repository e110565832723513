import CShims

/// The control groups (cgroups) of this process, as folders: its own group first, then those above.
///
/// Any of them may set a limit, and the tightest applies: systemd and Slurm set theirs in nested groups. A container
/// sees only its own group and those below it, so only the end of the path in /proc/self/cgroup may exist.
package enum ControlGroups {
  /// Groups of version 2, in which all controllers share one tree.
  package static func folders(root: String = "") -> [String] {
    folders(of: root + "/sys/fs/cgroup", path: path(root: root) { $0.isEmpty })
  }

  /// Groups of version 1, in which each controller ("memory", "cpu") has its own tree.
  package static func folders(of controller: String, root: String = "") -> [String] {
    let path = path(root: root) { $0.split(separator: ",").contains { $0 == controller } }
    return folders(of: root + "/sys/fs/cgroup/" + controller, path: path)
  }

  /// The path components of this process's group, from lines of the form `id:controllers:path`.
  private static func path(root: String, where isWanted: (Substring) -> Bool) -> [Substring] {
    for line in SystemFile.lines(of: root + "/proc/self/cgroup") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, isWanted(fields[1]) else { continue }
      let names = fields[2].split(separator: "/")
      return names.contains("..") ? [] : names  // a group outside this process's view
    }
    return []
  }

  private static func folders(of top: String, path: [Substring]) -> [String] {
    func folder(_ names: ArraySlice<Substring>) -> String { top + names.map { "/" + $0 }.joined() }
    let seen = path.indices.first { access(folder(path[$0...]), F_OK) == 0 } ?? path.endIndex
    return (seen...path.endIndex).reversed().map { folder(path[seen..<$0]) }
  }
}
