import SwiftAlexNet
import XCTest

final class ModelTests: XCTestCase {
  func testNetworksOfTheCatalogueTakeNamesOfClasses() throws {
    let model = try Model.cifarNet("80sec", classes: ["a", "b", "c"], seed: 1)
    XCTAssertEqual(model.network.spec.name, "cifar-80sec")
    XCTAssertEqual(model.network.classCount, 3)
    XCTAssertEqual(model.network.spec.input, FeatureShape(height: 32, width: 32, channels: 3))
    XCTAssertNil(model.preprocessing)
    let small = try Model.alexnet("owt", classes: ["a"], channels: 1, imageSize: 63, initialization: .named("zeros"))
    XCTAssertEqual(small.network.spec.input, FeatureShape(height: 63, width: 63, channels: 1))
    XCTAssertEqual(try Model.vgg("A", classes: ["a"], imageSize: 32, initialization: .named("zeros")).classes, ["a"])
  }

  func testWhatDoesNotFitIsRefused() throws {
    let refused: [(String, () throws -> Any)] = [
      ("'papper'", { try Model.alexnet("papper", classes: ["a"]) }),
      ("0 classes", { try Model.alexnet(classes: []) }),
      ("smallest image", { try Model.alexnet(classes: ["a"], imageSize: 20) }),
      ("expected sizes", { try Model.cifarNet(classes: ["a"], channels: -1) }),
      ("2 names of classes", { try Model(spec: Shades.model().network.spec, classes: ["a", "b"]) }),
      ("takes 1×6×6", { try Shades.model(preprocessing: Preprocessing(cropHeight: 5, cropWidth: 6)) }),
    ]
    for (text, make) in refused {
      XCTAssertThrowsError(try make(), text) { error in
        XCTAssert(error is EngineError && "\(error)".contains(text), "\(error)")
      }
    }
  }
}
