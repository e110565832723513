import CShims
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
