import TestSupport
import XCTest

@testable import Tensors

final class MemoryBudgetTests: XCTestCase {
  private static let machine = ["/proc/meminfo": "MemTotal: 9000 kB\nMemFree:  10 kB\nMemAvailable:  8000 kB\n"]

  private func available(_ files: [String: String]) throws -> Int? {
    try withMadeUpSystem(files.merging(Self.machine) { file, _ in file }) { MemoryBudget.availableBytes(root: $0) }
  }

  private func group(
    _ folder: String, limit: String, used: Int, stat: String = "anon 1\n"
  ) -> [String: String] {
    let folder = "/sys/fs/cgroup" + folder
    return [folder + "/memory.max": limit, folder + "/memory.current": "\(used)\n", folder + "/memory.stat": stat]
  }

  func testTheMachineWithoutAnyGroup() throws {
    XCTAssertEqual(try available([:]), 8000 << 10)
    XCTAssertNil(try withMadeUpSystem(["/file": ""]) { MemoryBudget.availableBytes(root: $0) })
  }

  func testThePageCacheOfAContainerIsNotUsedMemory() throws {
    let stat = "anon 300000\nfile 3500000\nshmem 9\ninactive_file 3000000\nactive_file 400000\nslab_reclaimable 50000\n"
    let files = group("", limit: "4194304\n", used: 4_100_000, stat: stat)
    XCTAssertEqual(try available(files), 4_194_304 - (4_100_000 - 3_450_000))
  }

  func testTheTightestOfNestedGroupsCounts() throws {
    func files(_ limits: [String]) -> [String: String] {
      ["/proc/self/cgroup": "0::/user.slice/job/step\n"]
        .merging(group("/user.slice", limit: limits[0], used: 3000)) { $1 }
        .merging(group("/user.slice/job", limit: limits[1], used: 2000)) { $1 }
        .merging(group("/user.slice/job/step", limit: limits[2], used: 1000)) { $1 }
    }
    XCTAssertEqual(try available(files(["max", "9000", "max"])), 7000)
    XCTAssertEqual(try available(files(["max", "max", "9000"])), 8000)
    XCTAssertEqual(try available(files(["9000", "9000", "9000"])), 6000)
    XCTAssertEqual(try available(files(["max", "max", "max"])), 8000 << 10)
    XCTAssertEqual(try available(files(["max", "1999", "max"])), 0)
  }

  func testVersion1() throws {
    func files(_ folder: String, limit: Int) -> [String: String] {
      let folder = "/sys/fs/cgroup/memory" + folder
      return [
        folder + "/memory.limit_in_bytes": "\(limit)\n", folder + "/memory.usage_in_bytes": "5000\n",
        folder + "/memory.stat":
          "cache 2\ninactive_file 1\nactive_file 1\ntotal_inactive_file 3000\ntotal_active_file 1000\n",
      ]
    }
    let membership = ["/proc/self/cgroup": "5:cpuset:/x\n4:memory:/slurm/job_7\n0::/\n"]
    let unlimited = 9_223_372_036_854_771_712
    XCTAssertEqual(try available(files("", limit: unlimited)), 8000 << 10)
    let nested = membership.merging(files("/slurm", limit: 7000)) { $1 }
      .merging(files("/slurm/job_7", limit: unlimited)) { $1 }
    XCTAssertEqual(try available(nested), 6000)
  }

  func testLimitsOfTheProcess() throws {
    let status = "VmPeak: 9 kB\nVmSize:\t    3 kB\nVmData:\t    2 kB\n"
    func limits(addresses: String, data: String) -> [String: String] {
      [
        "/proc/self/status": status,
        "/proc/self/limits": """
        Limit                     Soft Limit           Hard Limit           Units
        Max data size             \(data)              unlimited            bytes
        Max address space         \(addresses)         99999                bytes

        """,
      ]
    }
    XCTAssertEqual(try available(limits(addresses: "8192", data: "unlimited")), 8192 - 3072)
    XCTAssertEqual(try available(limits(addresses: "8192", data: "4096")), 4096 - 2048)
    XCTAssertEqual(try available(limits(addresses: "1024", data: "unlimited")), 0)
    XCTAssertEqual(try available(limits(addresses: "unlimited", data: "unlimited")), 8000 << 10)
  }

  func testStrangeFiguresTrapNothing() throws {
    let most = "\(Int.max)"
    let stat = "inactive_file \(most)\nactive_file \(most)\nslab_reclaimable -\(most)\ninactive_file x\n"
    XCTAssertEqual(try available(group("", limit: most, used: .max, stat: stat)), 8000 << 10)
    XCTAssertEqual(try available(group("", limit: "0", used: .max)), 0)
    XCTAssertEqual(try available(group("", limit: "99999999999999999999", used: 1)), 8000 << 10)
  }

  func testThisMachineSaysSomething() throws {
    XCTAssertGreaterThan(try XCTUnwrap(MemoryBudget.availableBytes()), 0)
  }
}
