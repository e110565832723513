import Kernels
import SwiftAlexNet
import XCTest

@testable import ModelFiles

final class KnownAnswersTests: FileTestCase {
  /// By the kernels that Python computed them with.
  private func verify(_ name: String) throws -> Verification {
    try Model(ModelParts(SafetensorsReader(Golden.path(name))) { try portable() }).verifyKnownAnswers()
  }

  func testPythonsAnswersHold() throws {
    let pool = try verify("parts/pool1.safetensors")
    XCTAssertEqual(pool.difference, 0)
    XCTAssertEqual(pool.bound, 1e-4)
    let half = try verify("half.safetensors")
    XCTAssertTrue(half.holds)
    XCTAssertGreaterThan(half.difference, 1e-5)
    XCTAssertEqual(half.bound, 2e-3)
    XCTAssertTrue("\(half)".hasPrefix("the known answer holds: difference "), "\(half)")
    for name in ["parts/pool1", "half"] {
      XCTAssertTrue(try Model(contentsOf: Golden.path("\(name).safetensors")).verifyKnownAnswers().holds)
    }
  }

  func testAnAnswerThatDiffers() throws {
    var file = try TinyFile(Golden.bytes("half.safetensors"))
    file.data.replaceSubrange(0..<4, with: withUnsafeBytes(of: Float(7).bitPattern.littleEndian) { Array($0) })
    var hash = SHA256()
    hash.update("<f4 (1, 3)")
    file.data[..<12].withUnsafeBytes { hash.update($0) }
    let digests = try JSON(parsing: file.text("sha256").utf8).replacing(["known_answers"], with: .string(hash.finish()))
    let model = try Model(contentsOf: write(file.replacingText("sha256", with: digests.text()).bytes()))
    let found = try model.verifyKnownAnswers()
    XCTAssertFalse(found.holds)
    XCTAssertTrue("\(found)".hasPrefix("the known answer differs: "), "\(found)")
  }

  func testForOtherImagesAndForNone() throws {
    for (model, expected) in [
      (try Model(contentsOf: Golden.path("trained.safetensors")), "the model has no known answers"),
      (try forAnotherImage(), "the model has 1 known answers, none for the built-in test image"),
    ] {
      XCTAssertThrowsError(try model.verifyKnownAnswers()) { error in
        guard case .invalidValue(let text)? = error as? EngineError else { return XCTFail("\(error)") }
        XCTAssertTrue(text.contains(expected), text)
      }
    }
  }

  private func forAnotherImage() throws -> Model {
    let file = try TinyFile(Golden.bytes("half.safetensors"))
    let text = try JSON(parsing: file.text("model").utf8)
      .replacing(["known_answers", "inputs", "0"], with: .string("0")).text()
    return try Model(contentsOf: write(file.replacingText("model", with: text).bytes()))
  }

  /// With the answers' tensor or without both.
  func testChangedWeightsHaveNoAnswers() throws {
    let images = try ImageSet([Golden.image()], labels: [0])
    var recipe = Recipe.small
    recipe.batchSize = 1
    for (change, keeps): ((Model) throws -> Void, Bool) in [
      ({ _ in }, true), ({ _ = try $0.predict(images.image(0)) }, true), ({ _ = try $0.verifyKnownAnswers() }, true),
      ({ try $0.fit(images, recipe: recipe, epochs: 1) }, false),
      ({ $0.network.parameters[0].withMutableValues { $0[0] = 1 } }, false),
    ] {
      let model = try Model(contentsOf: Golden.path("half.safetensors"))
      try change(model)
      try model.save(to: path("m"))
      let file = try SafetensorsReader(path("m"))
      XCTAssertEqual(file.tensor("known_answers") != nil, keeps)
      XCTAssertEqual(try file.section("model").members("")["known_answers"] != nil, keeps)
      XCTAssertEqual(try? Model(contentsOf: path("m")).verifyKnownAnswers().holds, keeps ? true : nil)
      XCTAssertNotNil(try file.section("model").members("")["source"])
    }
  }
}
