import Foundation
import SwiftAlexNet
import XCTest

@testable import ModelFiles

final class ModelFilesTests: FileTestCase {
  func testWhatIsNoModelFile() throws {
    assertSystem(try Model(contentsOf: path("missing")), ENOENT)
    assertSystem(try Model(contentsOf: folder.path), EINVAL)
    assertSystem(try Model(contentsOf: "/dev/zero"), EINVAL)
    XCTAssertEqual(mkfifo(path("pipe"), 0o600), 0)
    assertSystem(try Model(contentsOf: path("pipe")), EINVAL)
    for bad in ["", "a\0b"] {
      for call in [{ _ = try Model(contentsOf: bad) }, { try TinyFile.model().save(to: bad) }] {
        XCTAssertThrowsError(try call()) { error in
          guard case .invalidValue? = error as? EngineError else { return XCTFail("\(error)") }
        }
      }
    }
  }

  func testResizing() throws {
    let model = try Model(contentsOf: Golden.path("everything.safetensors"))
    XCTAssertEqual(model.resizing, Model.Resizing(side: 18, resampling: .openCVBilinear, isWarped: true))
    XCTAssertEqual(try Model(contentsOf: Golden.path("trained.safetensors")).resizing.side, 18)
    let new = try Model.alexnet("owt", classes: ["a", "b"], imageSize: 64)
    XCTAssertEqual(new.resizing, Model.Resizing(side: 73, resampling: .bilinear, isWarped: false))
  }

  /// As in Python, the first `fit` after reading learns the mean of its own images.
  func testAMeanThatIsToBeLearned() throws {
    let model = try Model(contentsOf: Golden.path("fresh.safetensors"))
    let images = try ImageSet(
      (0..<4).map { try Image(pixels: [UInt8](repeating: UInt8(50 * $0), count: 20 * 20 * 3), height: 20, width: 20) },
      labels: [0, 1, 2, 0])
    var recipe = Recipe.cifar80sec
    recipe.batchSize = 2
    try model.fit(images, recipe: recipe, epochs: 1)
    XCTAssertEqual(model.preprocessing?.mean, images.meanImage)
    XCTAssertEqual(model.resizing.side, 20)
    try model.save(to: path("m"))
    let again = try Model(contentsOf: path("m"))
    XCTAssertEqual(again.preprocessing, model.preprocessing)
    XCTAssertEqual(try again.probabilities([images.image(1)]), try model.probabilities([images.image(1)]))

    let before = again.preprocessing
    try again.fit(images, recipe: recipe, epochs: 1)
    XCTAssertEqual(again.preprocessing, before)
  }

  func testWhiteningIsLearnedInPythonOnly() throws {
    let model = try Model(contentsOf: Golden.path("everything.safetensors"))
    let image = try Golden.image()
    XCTAssertThrowsError(try model.fit(ImageSet([image], labels: [0]), recipe: .small)) { error in
      guard case .unsupported? = error as? EngineError else { return XCTFail("\(error)") }
    }
  }

  func testMembersThatThisVersionDoesNotKnowAreKept() throws {
    try TinyFile.model().save(to: path("m"))
    let file = try TinyFile(bytes("m"))
    let described = try file.text("model").dropLast() + ", \"source\": {\"licence\": \"CC0\", \"numbers\": [1, 2.50]}}"
    let model = try Model(contentsOf: write(file.replacingText("model", with: String(described)).bytes()))
    try model.save(to: path("again"))
    XCTAssertEqual(try TinyFile(bytes("again")).text("model"), String(described))
  }

  func testWhatAFileCannotHold() throws {
    func model(_ mean: Preprocessing.Mean, scale: [Float] = []) throws -> Model {
      let network = try TinyFile.model().network
      return try Model(
        network: network, classes: ["a", "b"],
        preprocessing: Preprocessing(cropHeight: 2, cropWidth: 2, mean: mean, scale: scale))
    }
    let wide = Preprocessing.Mean.image(height: 2, width: 3, values: [Float](repeating: 1, count: 6))
    for refused in [try model(wide), try model(.channels([1, 2])), try model(.none, scale: [0])] {
      XCTAssertThrowsError(try refused.save(to: path("m"))) { error in
        guard case .invalidValue? = error as? EngineError else { return XCTFail("\(error)") }
      }
    }
    try model(.none, scale: [2]).save(to: path("m"))
    XCTAssertEqual(try Model(contentsOf: path("m")).preprocessing?.mean, .channels([0]))

    let names = ["a", String(repeating: "b", count: 1 << 20)]
    XCTAssertThrowsError(try Model(network: TinyFile.model().network, classes: names).save(to: path("long"))) { error in
      XCTAssertTrue("\(error)".contains("would need a header of"), "\(error)")
    }
    XCTAssertEqual(try self.names(), ["m"])
  }

  func testWeightsThatAreNotFinite() throws {
    let model = try TinyFile.model()
    try model.save(to: path("m"))
    let before = try bytes("m")
    model.network.parameters.last?.withMutableValues { $0[0] = .nan }
    XCTAssertThrowsError(try model.save(to: path("m"))) { error in
      XCTAssertEqual(error as? EngineError, .nonFinite("save: fc.bias holds nan"))
    }
    XCTAssertEqual(try bytes("m"), before)
  }
}
