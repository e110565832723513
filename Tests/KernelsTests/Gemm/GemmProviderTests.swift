import KernelTemplates
import Tensors
import TestSupport
import XCTest

@testable import Kernels

final class GemmProviderTests: XCTestCase {
  func testTheEnvironmentsWish() throws {
    XCTAssertNil(try GemmProvider.wish(nil).get())
    XCTAssertNil(try GemmProvider.wish("").get())
    XCTAssertEqual(try GemmProvider.wish("swift").get(), .swift)
    XCTAssertEqual(try GemmProvider.wish("openblas").get(), .openblas)
  }

  func testAnUnknownProviderIsRefused() {
    guard case .failure(.unsupported(let text)) = GemmProvider.wish("mkl") else { return XCTFail() }
    XCTAssertEqual(text, "SWIFTALEXNET_GEMM: got 'mkl', expected one of swift, openblas")
  }

  func testOnlyThePortableKernelsPreferOpenBLAS() throws {
    for kernels in ["avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx"] {
      XCTAssertEqual(try GemmProvider.select(wish: nil, kernels: kernels), .swift)
    }
    XCTAssertEqual(
      try GemmProvider.select(wish: nil, kernels: "portable"), GemmProvider.isOpenBLASThere ? .openblas : .swift)
    XCTAssertEqual(try GemmProvider.select(wish: .swift, kernels: "portable"), .swift)
  }

  func testAWishForOpenBLASIsMetOrRefusedWithAdvice() throws {
    if GemmProvider.isOpenBLASThere {
      XCTAssertEqual(try GemmProvider.select(wish: .openblas, kernels: "avx512"), .openblas)
    } else {
      XCTAssertThrowsError(try GemmProvider.select(wish: .openblas, kernels: "avx512")) { error in
        XCTAssert("\(error)".contains("apt-get install libopenblas0"), "\(error)")
      }
    }
  }
}
