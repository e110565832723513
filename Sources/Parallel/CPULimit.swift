import CShims
import Tensors

/// How many threads this process should use when nobody says: the smallest of the environment's wish, the
/// affinity mask and the cgroup's quota (a container with two CPUs' worth of time on a host of 64 gets 2).
enum CPULimit {
  static func defaultThreadCount() -> Int {
    let limits = [environmentWish(), Int(shim_affinity_count()), cgroupQuota()].filter { $0 >= 1 }
    return min(limits.min() ?? 1, ThreadPool.maximumThreadCount)
  }

  private static func environmentWish() -> Int {
    for name in ["SWIFTALEXNET_NUM_THREADS", "OMP_NUM_THREADS"] {
      if let value = getenv(name), let count = Int(String(cString: value)), count >= 1 { return count }
    }
    return 0
  }

  /// `quota / period`, rounded up, of cgroup v2 (`cpu.max`) or v1 (`cpu.cfs_*_us`); 0 when unlimited.
  private static func cgroupQuota() -> Int {
    if let line = SystemFile.line(of: "/sys/fs/cgroup/cpu.max") {
      let fields = line.split(separator: " ")
      if fields.count == 2 { return wholeCPUs(quota: Double(fields[0]), period: Double(fields[1])) }
    }
    let folder = "/sys/fs/cgroup/cpu/"
    return wholeCPUs(
      quota: SystemFile.line(of: folder + "cpu.cfs_quota_us").flatMap(Double.init),
      period: SystemFile.line(of: folder + "cpu.cfs_period_us").flatMap(Double.init))
  }

  static func wholeCPUs(quota: Double?, period: Double?) -> Int {
    guard let quota, let period, quota > 0, period > 0 else { return 0 }
    return Int(exactly: (quota / period).rounded(.up)) ?? 0
  }
}
