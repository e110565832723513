import CShims
import TestSupport
import XCTest

@testable import Parallel

final class CPULimitTests: XCTestCase {
  func testQuotaIsRoundedUpToWholeCPUs() {
    XCTAssertEqual(CPULimit.wholeCPUs(quota: 200_000, period: 100_000), 2)
    XCTAssertEqual(CPULimit.wholeCPUs(quota: 150_000, period: 100_000), 2)
    XCTAssertEqual(CPULimit.wholeCPUs(quota: 1, period: 100_000), 1)
  }

  func testStrangeQuotasMeanNoLimit() {
    for (quota, period) in [
      (nil, 100_000), (100_000, nil), (-1, 100_000), (100_000, 0), (.infinity, 1), (.nan, 1), (1e300, 1e-300),
    ] as [(Double?, Double?)] {
      XCTAssertEqual(CPULimit.wholeCPUs(quota: quota, period: period), 0, "\(String(describing: quota))")
    }
  }

  func testTheTightestQuotaOfNestedGroupsCounts() throws {
    let version2 = [
      "/proc/self/cgroup": "0::/system.slice/train.service\n",
      "/sys/fs/cgroup/system.slice/cpu.max": "100000 100000\n",
      "/sys/fs/cgroup/system.slice/train.service/cpu.max": "max 100000\n",
    ]
    let version1 = [
      "/proc/self/cgroup": "3:cpu,cpuacct:/slurm/job_7/step\n",
      "/sys/fs/cgroup/cpu/slurm/job_7/cpu.cfs_quota_us": "50000\n",
      "/sys/fs/cgroup/cpu/slurm/job_7/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu/slurm/job_7/step/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/slurm/job_7/step/cpu.cfs_period_us": "100000\n",
    ]
    for files in [version2, version1] {
      XCTAssertEqual(try withMadeUpSystem(files) { CPULimit.defaultThreadCount(root: $0) }, 1)
    }
  }

  func testAListOfOpenMPsThreadsBeginsWithTheOutermostLevel() {
    let names = ["SWIFTALEXNET_NUM_THREADS", "OMP_NUM_THREADS"]
    let before = names.map { name in getenv(name).map { String(cString: $0) } }
    defer { for (name, value) in zip(names, before) { _ = value.map { setenv(name, $0, 1) } ?? unsetenv(name) } }
    unsetenv(names[0])
    setenv(names[1], "1,4", 1)
    XCTAssertEqual(CPULimit.defaultThreadCount(), 1)
  }

  func testEnvironmentAndAffinityLimitTheDefault() {
    let affinity = Int(shim_affinity_count())
    XCTAssertGreaterThan(affinity, 0)
    let before = getenv("SWIFTALEXNET_NUM_THREADS").map { String(cString: $0) }
    defer {
      if let before { setenv("SWIFTALEXNET_NUM_THREADS", before, 1) } else { unsetenv("SWIFTALEXNET_NUM_THREADS") }
    }
    setenv("SWIFTALEXNET_NUM_THREADS", "1", 1)
    XCTAssertEqual(CPULimit.defaultThreadCount(), 1)
    for nonsense in ["", "0", "-3", "many", "99999999999999999999"] {
      setenv("SWIFTALEXNET_NUM_THREADS", nonsense, 1)
      XCTAssertTrue((1...affinity).contains(CPULimit.defaultThreadCount()), nonsense)
    }
  }
}
