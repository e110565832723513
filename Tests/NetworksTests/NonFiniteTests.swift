import Kernels
import Tensors
import TestSupport
import XCTest

@testable import Networks

/// Predictions that are not finite are refused and explained; tensors pass unchanged.
final class NonFiniteTests: XCTestCase {
  private let batch = 3

  private func probabilities(_ network: Network, _ x: [Float], _ arithmetic: Arithmetic) throws -> [Float] {
    var output = [Float](repeating: 0, count: batch * network.classCount)
    try network.probabilities(
      batch: batch, arithmetic: arithmetic, input: network.reader(x, layout: .nhwc), into: &output)
    return output
  }

  private func assertRefused(
    _ expected: String, line: UInt = #line, _ body: () throws -> some Any
  ) {
    XCTAssertThrowsError(try body(), line: line) { error in
      guard case EngineError.nonFinite(let text) = error else { return XCTFail("\(error)", line: line) }
      XCTAssertTrue(text.hasSuffix(expected), text, line: line)
    }
  }

  private func arithmetics() throws -> [Arithmetic] {
    Precision.trainable(in: try ComputeContext()).map { Arithmetic(precision: $0) }
  }

  func testTheParameterIsNamed() throws {
    for arithmetic in try arithmetics() {
      for (name, bad) in [("conv1.weight", Float.nan), ("fc6.weight", .infinity), ("fc8.bias", -.nan)] {
        let network = try smallNetwork()
        let x = randomFloats(batch * network.spec.input.count, seed: 3)
        XCTAssertNoThrow(try network.requireFiniteParameters(operation: "save"))
        let parameter = try XCTUnwrap(network.parameters.first { $0.name == name })
        parameter.withMutableValues { $0[1] = bad }
        let value = bad.isNaN ? "nan" : "inf"
        assertRefused("\(name) holds \(value)") { try probabilities(network, x, arithmetic) }
        assertRefused("save: \(name) holds \(value)") {
          try network.requireFiniteParameters(operation: "save")
        }
        XCTAssertNoThrow(try network.requireFiniteParameters(operation: "save", velocities: true))
      }
    }
  }

  func testTheFirstNodeIsNamed() throws {
    for arithmetic in try arithmetics() {
      let network = try smallNetwork()
      for parameter in network.parameters where parameter.name.hasSuffix("weight") {
        parameter.withMutableValues { values in for index in values.indices { values[index] *= 1e25 } }
      }
      let x = randomFloats(batch * network.spec.input.count, seed: 3)
      XCTAssertThrowsError(try probabilities(network, x, arithmetic)) { error in
        let text = "\(error)"
        XCTAssertTrue(text.hasPrefix("predict: a probability is "), text)
        XCTAssertTrue(text.contains("all weights are finite, fc8 is the first node whose output is not: "), text)
      }
      // Only the offending image is examined.
      let sane = try smallNetwork()
      var one = x
      one[2 * sane.spec.input.count + 7] = .infinity
      assertRefused("all weights are finite, the preprocessed image holds inf") {
        try probabilities(sane, one, arithmetic)
      }
    }
  }

  func testScoreMapsAreRefusedToo() throws {
    let network = try smallNetwork()
    let x = randomFloats(2 * 40 * 40 * 3, seed: 3)
    func scores(_ value: Float?) throws {
      let size = try network.scoreMapSize(height: 40, width: 40)
      var output = [Float](repeating: 0, count: 2 * size.rows * size.columns * network.classCount)
      try network.scoreMap(
        batch: 2, height: 40, width: 40,
        input: { target, range, _ in
          target.update(from: Array(x[(range.lowerBound * 4800)...]), count: range.count * 4800)
          if let value, range.contains(1) { target[(1 - range.lowerBound) * 4800] = value }
        }, into: &output)
    }
    XCTAssertNoThrow(try scores(nil))
    assertRefused("all weights are finite, the preprocessed image holds nan") { try scores(.nan) }
    for parameter in network.parameters where parameter.name == "fc6.weight" {
      parameter.withMutableValues { values in for index in values.indices { values[index] = 3e38 } }
    }
    assertRefused("all weights are finite, and so are the outputs of all nodes up to pool2") { try scores(nil) }
    for parameter in network.parameters where parameter.name == "conv2.bias" {
      parameter.withMutableValues { $0[0] = .infinity }
    }
    assertRefused("conv2.bias holds inf") { try scores(nil) }
  }

  func testTensorsPassAsTheyAre() throws {
    let network = try smallNetwork()
    var x = randomFloats(batch * network.spec.input.count, seed: 3)
    x[0] = .nan
    var logits = [Float](repeating: 0, count: batch * network.classCount)
    try network.forward(x, batch: batch, layout: .nhwc, into: &logits)
    XCTAssertTrue(logits.prefix(network.classCount).allSatisfy(\.isNaN))
    XCTAssertTrue(logits.dropFirst(network.classCount).allSatisfy(\.isFinite))
    XCTAssertEqual(
      try network.nonFiniteCause(x, layout: .nhwc, arithmetic: Arithmetic()),
      "all weights are finite, the preprocessed image holds nan")
  }
}
