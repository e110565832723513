import Tensors
import XCTest

@testable import Networks

final class NetworkSpecTextTests: XCTestCase {
  func testReadingWhatWasWrittenGivesTheSameValue() throws {
    for variant in Catalog.all {
      let spec = try variant.spec(classes: 10, channels: 1)
      XCTAssertEqual(try NetworkSpec(text: spec.text), spec)
    }
  }

  func testRefusalsNameTheLine() {
    let head = "network n\ndata channels=1 height=8 width=8\n"
    let cases = [
      ("", "network NAME"),
      ("network n\n", "data"),
      (head + "warp w\n", "line 3: unknown kind of node 'warp'"),
      (head + "dense d outputs=x\n", "line 3: outputs is 'x'"),
      (head + "dense d\n", "'outputs' is missing"),
      (head + "dense d outputs=1 outputs=2\n", "stands twice"),
      (head + "dense d outputs=1 colour=red\n", "did not expect colour"),
      (head + "dense outputs=1\n", "expected one name"),
      (head + "dropout d probability=nan form=inverted\n", "probability is 'nan'"),
      (head + "dropout d probability=0.5 form=other\n", "form is 'other'"),
      (head + "max_pool p kernel=2 stride=2 pad=1 ceil=0\n", "top,left,bottom,right"),
      ("data channels=99999999999999999999 height=8 width=8\n", "channels is"),
    ]
    for (text, expected) in cases {
      XCTAssertThrowsError(try NetworkSpec(text: text)) { error in
        XCTAssertTrue("\(error)".contains(expected), "\(error) does not contain \(expected)")
      }
    }
  }
}
