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
    for name in ["everything", "half"] {
      let file = try TinyFile(Golden.bytes("\(name).safetensors"))
      let description = try JSON(parsing: file.text("model").utf8)
      var count = 0
      for path in description.paths {
        for value in values + description.neighbours(of: path) {
          let text = description.replacing(path[...], with: value).text()
          do {
            let model = try load(file.replacingText("model", with: text).bytes())
            if path.first == "known_answers" { _ = try? model.verifyKnownAnswers() }
          } catch is ModelFileError {} catch EngineError.outOfMemory {}
          count += 1
        }
      }
      XCTAssertGreaterThan(count, 800, name)
    }
  }

  func testKnownAnswers() throws {
    let half = try TinyFile(Golden.bytes("half.safetensors"))
    let text = try half.text("model")
    let start = try XCTUnwrap(text.range(of: ", \"known_answers\"")).lowerBound
    let digest = String(repeating: "0", count: 64)
    for (answers, expected) in [
      ("null", "the description of the known answers is not an object"), ("{}", "'inputs' is missing"),
      ("{\"inputs\": [], \"bound\": 1}", "are for no inputs"),
      ("{\"inputs\": [1], \"bound\": 1}", "an input of the known answers is not a text"),
      ("{\"inputs\": [\"\(digest)\"]}", "'bound' is missing"),
      ("{\"inputs\": [\"\(digest)\"], \"bound\": \"1\"}", "the bound of the known answers is not a finite number"),
      ("{\"inputs\": [\"a\", \"b\"], \"bound\": 1}", "known_answers has shape [1, 3], expected [2, 3]"),
    ] {
      let described = text[..<start] + ", \"known_answers\": \(answers)}"
      assertDamaged(try load(half.replacingText("model", with: String(described)).bytes()), expected)
    }
    // A tensor without a description is checked and left out, as in Python.
    let model = try load(half.replacingText("model", with: text[..<start] + "}").bytes())
    XCTAssertThrowsError(try model.verifyKnownAnswers()) { error in
      XCTAssertTrue("\(error)".contains("the model has no known answers"), "\(error)")
    }
    try model.save(to: path("m"))
    XCTAssertNil(try SafetensorsReader(path("m")).tensor("known_answers"))

    let added = try file.text("model").dropLast() + ", \"known_answers\": {\"inputs\": [\"a\"], \"bound\": 1}}"
    assertDamaged(
      try load(file.replacingText("model", with: String(added)).bytes()), "it has no tensor 'known_answers'")
  }

  /// 2.7 · 10¹¹ weights, of which the file holds eight.
  func testALargeNetworkTakesNoMemory() throws {
    let start = ContinuousClock.now
    let bytes = try describing("dense fc outputs=2", as: "dense fb outputs=260000\\ndense fc outputs=1000000")
    assertDamaged(try load(bytes), "it has no tensor 'fb.weight'")
    XCTAssertLessThan(ContinuousClock.now - start, .seconds(10))
  }
}
