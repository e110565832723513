import Kernels
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

  func testEveryKindIsWrittenAndRead() throws {
    let norm = try ResponseNormalization(size: 5, alpha: 1e-4, beta: 0.75, k: 2, alphaOverN: true)
    let padding = Padding(top: 1, left: 2, bottom: 3, right: 4)
    let operations: [NodeOperation] = [
      .convolution(outputs: 4, kernel: 3, stride: 2, padding: padding, groups: 2),
      .locallyConnected(outputs: 4, kernel: 3, stride: 2, padding: padding), .dense(outputs: 7),
      .relu, .tanh, .sigmoid, .maxPool(kernel: 3, stride: 2, padding: padding, ceilMode: true),
      .averagePool(kernel: 3, stride: 2, padding: padding, ceilMode: false, countIncludePad: true),
      .adaptiveAveragePool(size: 6), .responseNorm(norm, groups: 2), .spatialResponseNorm(norm),
      .dropout(probability: 0.5, form: .paper2012), .softmax,
    ]
    XCTAssertEqual(Set(operations.map(\.kind)), Set(LayerRegistry.specs.map { $0.kind }))
    XCTAssertEqual(Set(operations).count, LayerRegistry.specs.count)
    let spec = NetworkSpec(
      name: "all", input: FeatureShape(height: 9, width: 9, channels: 4),
      nodes: operations.map { NodeSpec("n_" + $0.kind, $0) })
    XCTAssertEqual(try NetworkSpec(text: spec.text), spec)
  }

  /// `counts_padding` is the former name of `count_include_pad`.
  func testAFileOfAnOlderVersion() throws {
    let old = """
      network net
      data channels=3 height=8 width=8
      average_pool pool1 kernel=3 stride=2 pad=1,1,1,1 ceil=1 counts_padding=1
      average_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=0 counts_padding=0

      """
    let new = old.replacingOccurrences(of: "counts_padding", with: "count_include_pad")
    XCTAssertEqual(try NetworkSpec(text: old).text, new)
    XCTAssertEqual(try NetworkSpec(text: new), try NetworkSpec(text: old))
    let both = new.replacingOccurrences(of: "count_include_pad=1", with: "count_include_pad=1 counts_padding=1")
    XCTAssertThrowsError(try NetworkSpec(text: both)) { XCTAssertTrue("\($0)".contains("unexpected"), "\($0)") }
  }

  func testRefusalsNameTheLine() {
    let head = "network n\ndata channels=1 height=8 width=8\n"
    let cases = [
      ("", "network NAME"),
      ("network n\n", "data"),
      (head + "warp w\n", "line 3: unknown kind of node 'warp'"),
      (head + "dense d outputs=x\n", "line 3: outputs is 'x'"),
      (head + "dense d\n", "'outputs' is missing"),
      (head + "dense d outputs=1 outputs=2\n", "is given twice"),
      (head + "dense d outputs=1 colour=red\n", "unexpected colour"),
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

  /// What a tower's dropout says of the whole network comes from a file like everything else.
  func testPlacesOfDropoutAreChecked() {
    for (number, first, width) in [
      ("1", "0", "-9223372036854775808"), ("1", "0", "9223372036854775807"), ("1", "-1", "8"), ("1", "7", "8"),
      ("0", "0", "8"), ("-9223372036854775808", "0", "8"), ("1", "9223372036854775807", "8"),
    ] {
      let text = """
        network n
        data channels=2 height=1 width=1
        dropout d probability=0.5 form=inverted number=\(number) first=\(first) width=\(width)
        dense f outputs=2
        """
      XCTAssertThrowsError(try Network(spec: NetworkSpec(text: text), initialization: .torchvision, seed: 1)) {
        XCTAssertTrue($0 is EngineError, "\($0)")
      }
    }
  }
}
