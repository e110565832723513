import Tensors
import TestSupport
import XCTest

@testable import Kernels

final class KernelRegistryTests: XCTestCase {
  func testTheLastTableIsTheDefault() throws {
    XCTAssertEqual(KernelRegistry.available.first?.name, "portable")
    XCTAssertEqual(try KernelRegistry.select(wish: nil).get().name, KernelRegistry.available.last?.name)
    XCTAssertEqual(try KernelRegistry.select(wish: "").get().name, KernelRegistry.available.last?.name)
  }

  func testEveryTableCanBeForced() throws {
    for table in KernelRegistry.available {
      XCTAssertEqual(try KernelRegistry.select(wish: table.name).get().name, table.name)
    }
  }

  func testAnUnknownTableIsRefused() {
    guard case .failure(.unsupported(let text)) = KernelRegistry.select(wish: "mmx") else { return XCTFail() }
    XCTAssert(text.contains("SWIFTALEXNET_ISA: got 'mmx'"), text)
    XCTAssert(text.contains("portable"), text)
  }

  func testTilesAreNotRequestedWhereAnotherTableIsWished() {
    let tables = KernelRegistry.available.filter { $0.name != "amx" }
    for table in tables { XCTAssertFalse(KernelRegistry.mayRequestTiles(wish: table.name, besides: tables)) }
    for wish in [nil, "", "amx", "mmx"] {
      XCTAssertTrue(KernelRegistry.mayRequestTiles(wish: wish, besides: tables), wish ?? "nil")
    }
  }
}
