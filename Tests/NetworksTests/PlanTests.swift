import Tensors
import XCTest

@testable import Networks

final class PlanTests: XCTestCase {
  func testTensorsAliveTogetherNeverOverlap() {
    // Random intervals over a short time line, so that many overlap.
    var arena = Arena()
    var tensors: [(bytes: Int, from: Int, through: Int)] = []
    let generator = Philox(seed: 1, purpose: .test, step: 0)
    for index in 0..<200 {
      let words = generator.words(UInt64(index))
      let from = Philox.below(20, words[0])
      tensors.append((1 + Philox.below(10_000, words[1]), from, from + Philox.below(10, words[2])))
    }
    for tensor in tensors { _ = arena.add(bytes: tensor.bytes, from: tensor.from, through: tensor.through) }
    let offsets = arena.place()
    for first in tensors.indices {
      XCTAssertLessThanOrEqual(offsets[first] + tensors[first].bytes, arena.byteCount)
      for second in tensors.indices where second > first {
        let (a, b) = (tensors[first], tensors[second])
        guard a.from <= b.through && b.from <= a.through else { continue }
        let apart = offsets[first] + a.bytes <= offsets[second] || offsets[second] + b.bytes <= offsets[first]
        XCTAssertTrue(apart, "\(a) at \(offsets[first]) and \(b) at \(offsets[second])")
      }
    }
  }

  func testReLUIsFusedUnlessSomebodyLooksBetween() throws {
    let layers = try AlexNet.variant("owt").spec(classes: 2, imageSize: 63).makeLayers()
    let fused = try Plan(
      layers: layers, nodes: 0...1, observed: [], logits: 99, batch: 1, arithmetic: Arithmetic(), training: false)
    XCTAssertEqual(fused.steps.map(\.nodes), [0...1])
    let observed = try Plan(
      layers: layers, nodes: 0...1, observed: [0, 1], logits: 99, batch: 1, arithmetic: Arithmetic(), training: false)
    XCTAssertEqual(observed.steps.map(\.nodes), [0...0, 1...1])
  }

  func testPoolingIsFusedToTheNormBeforeItInInference() throws {
    // conv1 relu1 norm1 pool1
    let layers = try AlexNet.variant("paper").spec(classes: 2).makeLayers()
    func steps(
      observed: Set<Int>, training: Bool, precision: Precision = .float32
    ) throws -> [ClosedRange<Int>] {
      try Plan(
        layers: layers, nodes: 0...3, observed: observed, logits: 99, batch: 1,
        arithmetic: Arithmetic(precision: precision), training: training
      ).steps.map(\.nodes)
    }
    XCTAssertEqual(try steps(observed: [], training: false), [0...1, 2...3])
    XCTAssertEqual(try steps(observed: [1, 3], training: false), [0...1, 2...3])
    XCTAssertEqual(try steps(observed: [2], training: false), [0...1, 2...2, 3...3])
    XCTAssertEqual(try steps(observed: [], training: true), [0...1, 2...2, 3...3])
    XCTAssertEqual(try steps(observed: [], training: false, precision: .bfloat16), [0...1, 2...3])
  }

  func testInferenceReusesMemory() throws {
    let layers = try AlexNet.variant("paper").spec(classes: 2).makeLayers()
    let last = layers.count - 2
    let plan = try Plan(
      layers: layers, nodes: 0...last, observed: [], logits: last, batch: 1, arithmetic: Arithmetic(), training: false)
    let everything = layers.reduce(0) { $0 + $1.outputShape.count } * MemoryLayout<Float>.stride
    XCTAssertLessThan(plan.byteCount, everything / 2)
  }
}
