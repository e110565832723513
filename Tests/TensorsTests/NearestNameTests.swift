import XCTest

@testable import Tensors

final class NearestNameTests: XCTestCase {
  func testEdits() {
    let cases = [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("paper", "papr", 1), ("vgg-D", "VGG-d", 0)]
    for (first, second, edits) in cases {
      XCTAssertEqual(NearestName.edits(first, second), edits, "\(first) \(second)")
      XCTAssertEqual(NearestName.edits(second, first), edits, "\(second) \(first)")
    }
    XCTAssertEqual(NearestName.edits(String(repeating: "x", count: 1_000_000), "a"), 64)
  }

  func testTheFirstOfTheNearest() {
    XCTAssertEqual(NearestName.nearest(to: "d", among: ["A", "A-LRN", "D"]), "D")
    XCTAssertEqual(NearestName.nearest(to: "a-lrn", among: ["A", "A-LRN", "D"]), "A-LRN")
    XCTAssertEqual(NearestName.nearest(to: "x", among: ["A", "B"]), "A")
    XCTAssertNil(NearestName.nearest(to: "x", among: []))
  }

  func testMessages() {
    XCTAssertEqual(
      NearestName.expected(["paper", "caffe"], insteadOf: "papr"),
      "expected one of paper, caffe; did you mean 'paper'?")
    XCTAssertEqual(
      NearestName.expected(["A", "D"], insteadOf: "VGG_16", elsewhere: ["vgg16": "D"]),
      "expected one of A, D; did you mean 'D'?")
  }
}
