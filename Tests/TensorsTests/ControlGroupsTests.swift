import TestSupport
import XCTest

@testable import Tensors

final class ControlGroupsTests: XCTestCase {
  /// The folders below the root of a system in which /proc/self/cgroup says `groups` and `files` exist.
  private func folders(of controller: String? = nil, groups: String, files: [String]) throws -> [String] {
    let files = Dictionary(uniqueKeysWithValues: files.map { ("/sys/fs/cgroup" + $0, "") })
    return try withMadeUpSystem(files.merging(["/proc/self/cgroup": groups]) { $1 }) { root in
      let found = controller.map { ControlGroups.folders(of: $0, root: root) } ?? ControlGroups.folders(root: root)
      return found.map { String($0.dropFirst(root.count + "/sys/fs/cgroup".count)) }
    }
  }

  func testAllGroupsFromTheOwnToTheTop() throws {
    let groups = "0::/system.slice/slurmstepd.scope/job_7/step_0\n"
    let files = ["/system.slice/slurmstepd.scope/job_7/step_0/memory.max"]
    XCTAssertEqual(
      try folders(groups: groups, files: files),
      [
        "/system.slice/slurmstepd.scope/job_7/step_0", "/system.slice/slurmstepd.scope/job_7",
        "/system.slice/slurmstepd.scope", "/system.slice", "",
      ])
  }

  func testAContainerSeesTheEndOfThePath() throws {
    XCTAssertEqual(try folders(groups: "0::/docker/0123/inner\n", files: ["/inner/memory.max"]), ["/inner", ""])
    XCTAssertEqual(try folders(groups: "0::/docker/0123\n", files: ["/memory.max"]), [""])
    XCTAssertEqual(try folders(groups: "0::/\n", files: ["/memory.max"]), [""])
    XCTAssertEqual(try folders(groups: "0::/../elsewhere\n", files: ["/elsewhere/memory.max"]), [""])
  }

  func testVersion1HasATreeForEachController() throws {
    let groups = "12:cpu,cpuacct:/a\n4:memory:/slurm/uid_0/job_7\n1:name=systemd:/b\n0::/c\n"
    let files = ["/memory/slurm/uid_0/job_7/x", "/cpu/a/x", "/cpuacct/a/x", "/c/x"]
    XCTAssertEqual(
      try folders(of: "memory", groups: groups, files: files),
      ["/memory/slurm/uid_0/job_7", "/memory/slurm/uid_0", "/memory/slurm", "/memory"])
    XCTAssertEqual(try folders(of: "cpu", groups: groups, files: files), ["/cpu/a", "/cpu"])
    XCTAssertEqual(try folders(groups: groups, files: files), ["/c", ""])
  }

  func testNonsenseIsTheTopAlone() throws {
    for groups in ["", "0\n", "::\n\n:", "0::\n", "memory", String(repeating: "/", count: 10_000)] {
      XCTAssertEqual(try folders(groups: groups, files: ["/memory.max"]), [""], groups)
      XCTAssertEqual(try folders(of: "memory", groups: groups, files: ["/memory.max"]), ["/memory"], groups)
    }
  }
}
