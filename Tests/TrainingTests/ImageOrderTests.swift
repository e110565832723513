import XCTest

@testable import Training

final class ImageOrderTests: XCTestCase {
  func testAPermutationOfItsOwnEpoch() throws {
    let first = try ImageOrder.shuffled(count: 101, seed: 1, epoch: 0)
    XCTAssertEqual(first.sorted(), Array(0..<101))
    XCTAssertNotEqual(first, try ImageOrder.shuffled(count: 101, seed: 1, epoch: 1))
    XCTAssertNotEqual(first, try ImageOrder.shuffled(count: 101, seed: 2, epoch: 0))
    XCTAssertEqual(first, try ImageOrder.shuffled(count: 101, seed: 1, epoch: 0))
    XCTAssertEqual(try ImageOrder.shuffled(count: 0, seed: 1, epoch: 0), [])
  }

  /// numpy.argsort(numpy.random.Philox(key=(seed, epoch)).random_raw(count), kind="stable")
  func testTheOrderOfEarlierVersions() throws {
    XCTAssertEqual(try ImageOrder.shuffled(count: 8, seed: 1, epoch: 2), [4, 2, 0, 6, 1, 5, 7, 3])
    XCTAssertEqual(try ImageOrder.shuffled(count: 11, seed: .max, epoch: 1 << 40), [4, 8, 9, 1, 6, 10, 5, 2, 7, 0, 3])
  }
}
