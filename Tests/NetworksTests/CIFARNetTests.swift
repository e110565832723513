import XCTest

@testable import Networks

/// Derived by hand from cuda-convnet's configuration files: conv1 of 32 maps has 5·5·3·32 + 32 parameters; a locally
/// connected layer has a filter bank and biases for each of its 6 × 6 positions.
final class CIFARNetTests: XCTestCase {
  func test80sec() throws {
    let rows = [
      CountRow("conv1", "32×32×32", 2_432, 2_457_600), CountRow("pool1", "32×16×16"),
      CountRow("conv2", "32×16×16", 25_632, 6_553_600), CountRow("pool2", "32×8×8"),
      CountRow("conv3", "64×8×8", 51_264, 3_276_800), CountRow("pool3", "64×4×4"),
      CountRow("fc64", "64", 65_600, 65_536), CountRow("fc10", "10", 650, 640),
    ]
    try assertCounts(CIFARNet.variant("80sec").spec(), rows, parameters: 145_578, macs: 12_354_176)
  }

  func test18And19Percent() throws {
    let rows = [
      CountRow("conv1", "32×32×32", 2_432, 2_457_600), CountRow("conv2", "32×16×16", 25_632, 6_553_600),
      CountRow("conv3", "64×8×8", 51_264, 3_276_800), CountRow("pool3", "64×4×4"),
      CountRow("fc10", "10", 10_250, 10_240),
    ]
    for variant in ["18pct", "19pct"] {
      try assertCounts(CIFARNet.variant(variant).spec(), rows, parameters: 89_578, macs: 12_298_240)
    }
  }

  /// Two pools: 24 → 12 → 6. local3 of 32 maps: 36 · (9·64·32 + 32).
  func testLocallyConnected() throws {
    let convolutions = [
      CountRow("conv1", "64×24×24", 4_864, 2_764_800), CountRow("pool1", "64×12×12"),
      CountRow("conv2", "64×12×12", 102_464, 14_745_600), CountRow("pool2", "64×6×6"),
    ]
    let narrow = [
      CountRow("local3", "32×6×6", 664_704, 663_552), CountRow("local4", "32×6×6", 332_928, 331_776),
      CountRow("fc10", "10", 11_530, 11_520),
    ]
    try assertCounts(
      CIFARNet.variant("conv-local-13pct").spec(), convolutions + narrow, parameters: 1_116_490, macs: 18_517_248)
    let wide = [
      CountRow("local3", "64×6×6", 1_329_408, 1_327_104), CountRow("local4", "32×6×6", 664_704, 663_552),
      CountRow("fc10", "10", 11_530, 11_520),
    ]
    try assertCounts(
      CIFARNet.variant("conv-local-11pct").spec(), convolutions + wide, parameters: 2_112_970, macs: 19_512_576)
  }

  func testOrders() throws {
    let orders = [
      "80sec": "conv1 pool1 relu1 conv2 relu2 pool2 conv3 relu3 pool3 fc64 relu64 fc10 prob",
      "18pct": "conv1 pool1 relu1 norm1 conv2 relu2 pool2 norm2 conv3 relu3 pool3 fc10 prob",
      "19pct": "conv1 pool1 relu1 conv2 relu2 pool2 conv3 relu3 pool3 fc10 prob",
      "conv-local-13pct": "conv1 relu1 pool1 conv2 relu2 pool2 local3 relu3 local4 relu4 fc10 prob",
      "conv-local-11pct": "conv1 relu1 pool1 norm1 conv2 relu2 norm2 pool2 local3 relu3 local4 relu4 fc10 prob",
    ]
    for variant in CIFARNet.variants {
      XCTAssertEqual(try variant.spec().nodes.map(\.name).joined(separator: " "), orders[variant.name], variant.name)
    }
  }

  func testPoolsAndNorms() throws {
    let quick = try CIFARNet.variant("18pct").spec().text
    for line in [
      "max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=1",
      "average_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0",
      "spatial_response_norm norm1 size=3 alpha=5e-05 beta=0.75 k=1.0 alpha_over_n=1",
      "spatial_response_norm norm2 size=3 alpha=5e-05 beta=0.75 k=1.0 alpha_over_n=1",
    ] { XCTAssertTrue(quick.contains(line), "\(quick) lacks \(line)") }
    let best = try CIFARNet.variant("conv-local-11pct").spec().text
    XCTAssertTrue(
      best.contains("response_norm norm2 size=9 alpha=0.001 beta=0.75 k=1.0 alpha_over_n=1 groups=1"), best)
  }
}
