import SwiftAlexNet
import Tensors
import XCTest

@testable import ModelFiles

/// Files with right checksums and lengths whose description of the model is wrong.
final class HostileDescriptionTests: HostileFileCase {
  /// The text of the model's description with a part replaced; all checksums are right.
  private func describing(_ part: String, as other: String) throws -> [UInt8] {
    let text = try file.text("model")
    XCTAssertTrue(text.contains(part), part)
    return try file.replacingText("model", with: text.replacing(part, with: other)).bytes()
  }

  func testDescriptions() throws {
    for (part, other, expected) in [
      ("\"variant\": null", "\"variant\": 1", "the variant is not a text"),
      ("[\"no\", \"yes\"]", "[\"no\"]", "names 1 classes, the network has 2"),
      ("[\"no\", \"yes\"]", "[\"no\", \"no\"]", "names the class 'no' twice"),
      ("[\"no\", \"yes\"]", "[\"no\", 1]", "the name of a class is not a text"),
      ("\"crop\": 2", "\"crop\": 3", "its crop is 3×3, the network reads 2×2"),
      ("\"crop\": 2", "\"crop\": 2.0", "crop is not a whole number"),
      ("\"resize\": 2", "\"resize\": 1", "resize is 1, expected 2 to 32768"),
      ("\"resize\": 2", "\"resize\": 32769", "resize is 32769"),
      ("\"scale\": null", "\"scale\": [0.0]", "scale is [0.0], expected 1 finite factors other than 0"),
      ("\"scale\": null", "\"scale\": [1e39]", "expected 1 finite factors"),
      ("\"scale\": null", "\"scale\": [1, 1]", "expected 1 finite factors"),
      ("\"mean_at\": \"center\"", "\"mean_at\": \"top\"", "mean_at is 'top'"),
      ("\"area\"", "\"cubic\"", "resampling is 'cubic'"),
      ("\"learn_mean\": false", "\"learn_mean\": \"none\"", "learn_mean is 'none'"),
      ("\"learn_whitening\": null", "\"learn_whitening\": -1", "expected a number above 0"),
      ("\"warp\": false", "\"warp\": 0", "warp is neither true nor false"),
      ("\"warp\"", "\"wrap\"", "unknown member 'wrap'"),
      ("\"classes\"", "\"multipliers\": {\"fc\": [1, 1]}, \"classes\"", "which the network does not have"),
      ("\"classes\"", "\"multipliers\": {\"fc.bias\": [-1, 1]}, \"classes\"", "expected finite numbers ≥ 0"),
      ("\"classes\"", "\"multipliers\": {\"fc.bias\": [1]}, \"classes\"", "are not two numbers"),
      ("dense fc", "dense fd", "it has no tensor 'fd.weight'"),
      ("outputs=2", "outputs=3", "fc.weight has shape [2, 4], expected [3, 4]"),
      ("outputs=2", "outputs=0", "outputs"), ("softmax prob", "softmux prob", "softmux"),
      ("network tiny", "", "specification"), ("channels=1", "channels=9223372036854775807", "is too large"),
    ] {
      let bytes = try describing(part, as: other)
      XCTAssertThrowsError(try load(bytes), other) { error in
        XCTAssertTrue("\(error)".contains(expected), "\(error)")
        if case .outOfMemory? = error as? EngineError { return }
        XCTAssertTrue(error is ModelFileError, "\(error)")
      }
    }
  }

  /// With right checksums. Some make another model, which a file may describe.
  func testOtherValuesInTheDescription() throws {
    let file = try TinyFile(Golden.bytes("everything.safetensors"))
    let description = try JSON(parsing: file.text("model").utf8)
    var count = 0
    for path in description.paths {
      for value in values + description.neighbours(of: path) {
        let text = description.replacing(path[...], with: value).text()
        do {
          _ = try load(file.replacingText("model", with: text).bytes())
        } catch is ModelFileError {} catch EngineError.outOfMemory {}
        count += 1
      }
    }
    XCTAssertGreaterThan(count, 1000)
  }

  /// 2.7 · 10¹¹ weights, of which the file holds eight.
  func testALargeNetworkTakesNoMemory() throws {
    let start = ContinuousClock.now
    let bytes = try describing("dense fc outputs=2", as: "dense fb outputs=260000\\ndense fc outputs=1000000")
    assertDamaged(try load(bytes), "it has no tensor 'fb.weight'")
    XCTAssertLessThan(ContinuousClock.now - start, .seconds(10))
  }
}
