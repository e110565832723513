import CShims
import Tensors

/// How many threads this process should use by default: the smallest of the environment's request, the affinity mask
/// and the quotas of its control groups (a container with two CPUs' worth of time on a host of 64 gets 2).
enum CPULimit {
  static func defaultThreadCount(root: String = "") -> Int {
    let limits = [environmentWish(), Int(shim_affinity_count())] + quotas(root: root)
    return min(limits.filter { $0 >= 1 }.min() ?? 1, ThreadPool.maximumThreadCount)
  }

  private static func environmentWish() -> Int {
    for name in ["SWIFTALEXNET_NUM_THREADS", "OMP_NUM_THREADS"] {
      // OpenMP's variable may be a list with a number for each nesting level.
      let wish = getenv(name).map { String(cString: $0).prefix { $0 != "," } }
      if let count = wish.flatMap({ Int($0) }), count >= 1 { return count }
    }
    return 0
  }

  /// `quota / period` of every group, of version 2 (`cpu.max`) or 1 (`cpu.cfs_*_us`), rounded up; 0 when unlimited.
  private static func quotas(root: String) -> [Int] {
    ControlGroups.folders(root: root).map { folder in
      let fields = SystemFile.line(of: folder + "/cpu.max")?.split(separator: " ") ?? []
      return fields.count == 2 ? wholeCPUs(quota: Double(fields[0]), period: Double(fields[1])) : 0
    }
      + ControlGroups.folders(of: "cpu", root: root).map { folder in
        wholeCPUs(
          quota: SystemFile.line(of: folder + "/cpu.cfs_quota_us").flatMap(Double.init),
          period: SystemFile.line(of: folder + "/cpu.cfs_period_us").flatMap(Double.init))
      }
  }

  static func wholeCPUs(quota: Double?, period: Double?) -> Int {
    guard let quota, let period, quota > 0, period > 0 else { return 0 }
    return Int(exactly: (quota / period).rounded(.up)) ?? 0
  }
}
