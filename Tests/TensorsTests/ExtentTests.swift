import Tensors
import XCTest

final class ExtentTests: XCTestCase {
  func testProducts() throws {
    XCTAssertEqual(try Extent.product([], operation: "test"), 1)
    XCTAssertEqual(try Extent.product([128, 55, 55, 96], operation: "test"), 37_171_200)
    XCTAssertEqual(try Extent.product([0, .max], operation: "test"), 0)
    XCTAssertEqual(try Extent.product([1 << 20, 1 << 20], operation: "test"), Extent.maximumCount)
  }

  func testOverflowIsAnErrorThatNamesTheOperation() {
    for factors in [
      [.max, 2], [Int.max, .max], [1 << 20, 1 << 20, 2], [-1], [-1, -1], [.min, 1], [3, -4], [1 << 32, 1 << 32],
      [0, -1],
    ] {
      XCTAssertThrowsError(try Extent.product(factors, operation: "conv2d"), "\(factors)") {
        guard case EngineError.outOfMemory(let text) = $0 else { return XCTFail("\($0)") }
        XCTAssertTrue(text.hasPrefix("conv2d: a tensor of "), text)
      }
    }
  }
}
