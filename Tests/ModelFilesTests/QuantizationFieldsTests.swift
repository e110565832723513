import Kernels
import Networks
import SwiftAlexNet
import Tensors
import XCTest

@testable import ModelFiles

/// Models in eight bits; that they are those of Python is asserted by ``SameFilesAsPythonTests``.
final class QuantizationFieldsTests: FileTestCase {
  private func quantized() throws -> Model { try Model(contentsOf: Golden.path("quantized.safetensors")) }

  func testAModelComputesInItsOwnArithmetic() throws {
    let (model, image) = (try quantized(), try Golden.image())
    let own = try model.probabilities([image])
    XCTAssertEqual(own, try model.probabilities([image], arithmetic: Arithmetic(precision: .int8)))
    XCTAssertNotEqual(own, try model.probabilities([image], arithmetic: Arithmetic()))
    let images = try ImageSet([image], labels: [0])
    XCTAssertEqual(
      try model.evaluate(images).loss, try model.evaluate(images, arithmetic: Arithmetic(precision: .int8)).loss)
  }

  func testAModelQuantisedHereIsWrittenAndRead() throws {
    let (given, model) = (try quantized(), try Model(contentsOf: Golden.path("trained.safetensors")))
    for (target, source) in zip(model.network.parameters, given.network.parameters) {
      target.value.pointer.update(from: source.value.pointer, count: source.count)
    }
    try model.network.setQuantization(given.network.quantization)
    try model.save(to: path("m"))
    let again = try Model(contentsOf: path("m"))
    XCTAssertEqual(again.network.quantization, given.network.quantization)
    XCTAssertEqual(try again.probabilities([Golden.image()]), try given.probabilities([Golden.image()]))
  }

  func testWhatCannotBeIsRefused() throws {
    let model = try quantized()
    func message(_ body: () throws -> Void) -> String {
      do {
        try body()
      } catch { return "\(error)" }
      return ""
    }
    XCTAssert(message { try model.save(to: path("m"), float16: true) }.contains("whose weights have 8 bits"))
    XCTAssert(
      message { _ = try model.fit(ImageSet([Golden.image()], labels: [0]), recipe: .small) }
        .contains("fit: got a quantised model"))
    model.network.parameters[0].value.pointer[3] *= 1.01
    XCTAssert(
      message { try model.save(to: path("m")) }.contains("conv1.weight has been changed since the model was quantised"))
    try model.network.setQuantization(nil)
    try model.save(to: path("m"))
    XCTAssertNil(try Model(contentsOf: path("m")).network.quantization)
  }

  func testMalformedDescriptions() throws {
    let network = try quantized().network
    func assertMalformed(_ activations: String, _ expected: String, line: UInt = #line) {
      let text = "{\"method\": \"mse\", \"images\": 3, \"activations\": {\(activations)}}"
      XCTAssertThrowsError(
        try QuantizationFields(parsing: JSON(parsing: text.utf8)).quantization(of: network), line: line
      ) { error in
        let found = (error as? JSON.Malformed)?.text ?? "\(error)"
        XCTAssert(found.contains(expected), found, line: line)
      }
    }
    assertMalformed("\"data\": [0.5, 256]", "the quantization of data is not a scale and a zero point")
    assertMalformed("\"data\": [0.5]", "the quantization of data is not a scale and a zero point")
    assertMalformed("\"data\": [0, 3]", "got scale 0.0, expected a normal number > 0")
    assertMalformed("\"data\": [1e-60, 3]", "got scale 0.0, expected a normal number > 0")
    assertMalformed("\"data\": [0.5, 3]", "it has no quantization of conv1")
    let all = (["data"] + network.spec.nodes.map(\.name) + ["conv9"]).map { "\"\($0)\": [0.5, 3]" }
    assertMalformed(all.joined(separator: ", "), "it has a quantization of 'conv9', which is no node")
  }

  /// Bytes need scales, and a description that says so.
  func testBytesWithoutTheirDescription() throws {
    let reader = try SafetensorsReader(Golden.path("quantized.safetensors"))
    let weight = try XCTUnwrap(reader.tensor("conv1.weight"))
    XCTAssertThrowsError(try weight.require(shape: weight.shape)) {
      XCTAssertEqual(($0 as? JSON.Malformed)?.text, "conv1.weight has dtype I8, expected F32 or F16")
    }
  }

  func testBytesTimesTheScalesOfTheirRows() throws {
    let memory = try AlignedBuffer<Float>(count: 8, operation: "test")
    try StridedFloats(name: "w", shape: [2, 4], start: memory.pointer).forEachPiece { piece in
      func fill(_ bytes: [Int8]) {
        for (index, byte) in bytes.enumerated() { piece.quarters[index] = UInt8(bitPattern: byte) }
      }
      fill([1, -127, 127, 0, 2, 3, -5, 4])
      XCTAssert(piece.widen(scales: [0.5, 2]))
      XCTAssertEqual(Array(piece.values), [0.5, -63.5, 63.5, 0, 4, 6, -10, 8])
      XCTAssert(piece.narrow(scales: [0.5, 2]))
      XCTAssertEqual(piece.quarters.map { Int8(bitPattern: $0) }, [1, -127, 127, 0, 2, 3, -5, 4])
      fill([1, -128, 127, 0, 2, 3, -5, 4])
      XCTAssertFalse(piece.widen(scales: [0.5, 2]), "-128 is no weight")
      piece.values[7] = 9
      XCTAssertFalse(piece.narrow(scales: [0.5, 2]), "9 is no byte times 2")
    }
  }
}
