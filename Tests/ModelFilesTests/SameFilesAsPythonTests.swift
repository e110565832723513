import Foundation
import Kernels
import Networks
import SwiftAlexNet
import Tensors
import XCTest

@testable import ModelFiles

/// Python's files predict the same bits here, and are the same bytes when they are written again.
final class SameFilesAsPythonTests: FileTestCase {
  private let names = ["fresh", "trained", "everything", "checkpoint", "half", "quantized"]

  func testPredictions() throws {
    for name in names {
      let parts = try ModelParts(SafetensorsReader(Golden.path("\(name).safetensors"))) { try portable() }
      let model = try Model(parts)
      let image = try Golden.image()
      let probabilities = try model.probabilities([image])
      let lines = zip(model.classes, probabilities).map { name, probability in
        let bits = String(probability.bitPattern, radix: 16)
        return "\(name) \(probability) " + String(repeating: "0", count: 8 - bits.count) + bits
      }
      XCTAssertEqual(lines, try Golden.lines("\(name).txt"), name)
    }
  }

  func testAModelIsWrittenAgainAsItWas() throws {
    for name in names where name != "checkpoint" {
      let model = try Model(contentsOf: Golden.path("\(name).safetensors"))
      try model.save(to: path(name), float16: name == "half")
      XCTAssertTrue(try bytes(name) == inThisVersion("\(name).safetensors"), name)
    }
  }

  /// The model of a checkpoint is that of the model file which was saved at the same time.
  func testACheckpointBecomesAModel() throws {
    try Model(contentsOf: Golden.path("checkpoint.safetensors")).save(to: path("m"))
    XCTAssertTrue(try bytes("m") == inThisVersion("trained.safetensors"))
  }

  /// The same weights, once in 32 and once in 16 bits; the files differ in where they come from and in known answers.
  func testWeightsAreRoundedAsByPython() throws {
    let exact = try Model(contentsOf: Golden.path("trained.safetensors"))
    let rounded = try Model(contentsOf: Golden.path("half.safetensors"))
    try exact.save(to: path("m"), float16: true)
    let (written, python) = (
      try SafetensorsReader(path("m")).header, try SafetensorsReader(Golden.path("half.safetensors")).header
    )
    for parameter in rounded.network.parameters {
      XCTAssertEqual(written.digests[parameter.name], python.digests[parameter.name], parameter.name)
    }
  }

  func testANetworkWithoutClasses() throws {
    let name = "parts/pool1.safetensors"
    let model = try Model(contentsOf: Golden.path(name))
    XCTAssertEqual(model.classes, [])
    try model.save(to: path("m"))
    XCTAssertTrue(try bytes("m") == inThisVersion(name))

    let images = try ImageSet([Golden.image()], labels: [0])
    for call in [
      { _ = try model.predict(images.image(0)) }, { _ = try model.evaluate(images) },
      { _ = try model.fit(images, recipe: .small) },
    ] {
      XCTAssertThrowsError(try call()) { error in
        guard case .unsupported(let text)? = error as? EngineError else { return XCTFail("\(error)") }
        XCTAssertTrue(text.contains("the network ends with pool1, 512 values, and has no classes"), text)
      }
    }
    XCTAssertThrowsError(try Model(network: model.network, classes: ["a"])) { error in
      XCTAssertTrue("\(error)".contains("got 1 names of classes, small has 0: it ends with pool1"), "\(error)")
    }

    // The weights before the pool are the same, so the maps are.
    let whole = try Model(contentsOf: Golden.path("trained.safetensors"))
    let input = (0..<16 * 16 * 3).map { Float($0 % 7) }
    let maps = try [model, whole].map { model in
      var map = [Float](repeating: .nan, count: 512)
      try map.withUnsafeMutableBufferPointer { map in
        try model.network.capture(["pool1"], of: input, batch: 1, layout: .nchw, into: [XCTUnwrap(map.baseAddress)])
      }
      return map
    }
    XCTAssertEqual(maps[0], maps[1])
  }

  func testANewModelIsWrittenAsByPython() throws {
    let spec = try Golden.spec("fresh.safetensors")
    let model = try Model(spec: spec, classes: ["0", "1", "2"], initialization: .named("torchvision"), seed: 3)
    let details = ModelDetails(
      variant: nil, resizing: model.resizing, learnWhitening: nil, namesClasses: false, others: [])
    let unnamed = try Model(
      network: model.network, classes: model.classes, preprocessing: nil, nextMean: model.nextMean, details: details)
    try unnamed.save(to: path("m"))
    XCTAssertTrue(try bytes("m") == inThisVersion("fresh.safetensors"))
  }

  func testDescriptionsOfTheCatalogue() throws {
    for line in try Golden.lines("descriptions.txt") {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      let (classes, size) = (["no", "yes"], Int(words[2]))
      let build = words[0] == "cifar" ? Model.cifarNet : Model.alexnet
      let model = try build(words[1], classes, nil, size, nil, 0)
      let text = try model.description().json.text()
      let versionless = text.replacing("\"version\": \"\(version)\"", with: "\"version\": \"\"")
      XCTAssertEqual(versionless, words[3], words[1])
    }
  }

  /// The bytes of one of Python's files, had this version written it.
  private func inThisVersion(_ name: String) throws -> [UInt8] {
    let bytes = try Golden.bytes(name)
    let written = try SafetensorsReader(Golden.path(name)).header
    let sections = try written.sections.map { section in
      let members = try section.value.members(section.name).map {
        $0.name == "version" ? JSON.Member(name: $0.name, value: .string(version)) : $0
      }
      return JSON.Member(name: section.name, value: .object(members))
    }
    var header = FileHeader(sections: sections, tensors: written.tensors)
    header.digests = written.digests
    return header.encoded + bytes.suffix(written.tensorBytes)
  }
}
