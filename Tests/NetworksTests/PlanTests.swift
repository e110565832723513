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
    func plan(observed: Set<Int>) throws -> Plan {
      let pass = Pass(nodes: 0...1, input: layers[0].inputShape, observed: observed, arithmetic: Arithmetic())
      return try Plan(layers: layers, pass: pass, logits: 99, batch: 1)
    }
    let fused = try plan(observed: [])
    XCTAssertEqual(fused.steps.map(\.nodes), [0...1])
    let observed = try plan(observed: [0, 1])
    XCTAssertEqual(observed.steps.map(\.nodes), [0...0, 1...1])
  }

  func testPoolingIsFusedToTheNormBeforeItInInference() throws {
    // conv1 relu1 norm1 pool1
    let layers = try AlexNet.variant("paper").spec(classes: 2).makeLayers()
    func steps(
      observed: Set<Int>, backward: BackwardReach? = nil, precision: Precision = .float32
    ) throws -> [ClosedRange<Int>] {
      let pass = Pass(
        nodes: 0...3, input: layers[0].inputShape, observed: observed, arithmetic: Arithmetic(precision: precision),
        backward: backward)
      return try Plan(layers: layers, pass: pass, logits: 99, batch: 1).steps.map(\.nodes)
    }
    XCTAssertEqual(try steps(observed: []), [0...1, 2...3])
    XCTAssertEqual(try steps(observed: [1, 3]), [0...1, 2...3])
    XCTAssertEqual(try steps(observed: [2]), [0...1, 2...2, 3...3])
    XCTAssertEqual(try steps(observed: [], backward: .training), [0...1, 2...2, 3...3])
    let behindThePool = BackwardReach(first: 4, trains: false)
    XCTAssertEqual(try steps(observed: [3], backward: behindThePool), [0...1, 2...3])
    let throughThePool = BackwardReach(first: 3, trains: false)
    XCTAssertEqual(try steps(observed: [2], backward: throughThePool), [0...1, 2...2, 3...3])
    XCTAssertEqual(try steps(observed: [], precision: .bfloat16), [0...1, 2...3])
  }

  func testInferenceReusesMemory() throws {
    let layers = try AlexNet.variant("paper").spec(classes: 2).makeLayers()
    let last = layers.count - 2
    let pass = Pass(nodes: 0...last, input: layers[0].inputShape, arithmetic: Arithmetic())
    let plan = try Plan(layers: layers, pass: pass, logits: last, batch: 1)
    let everything = layers.reduce(0) { $0 + $1.outputShape.count } * MemoryLayout<Float>.stride
    XCTAssertLessThan(plan.byteCount, everything / 2)
  }

  /// Below the node that gradients are taken back to, a pass takes no more memory than inference.
  func testGradientsKeepOnlyWhatTheyReach() throws {
    let layers = try AlexNet.variant("paper").spec(classes: 2).makeLayers()
    let last = layers.count - 2
    func bytes(_ backward: BackwardReach?, observed: Set<Int>) throws -> Int {
      let pass = Pass(
        nodes: 0...last, input: layers[0].inputShape, observed: observed, arithmetic: Arithmetic(), backward: backward)
      return try Plan(layers: layers, pass: pass, logits: last, batch: 4).byteCount
    }
    let inference = try bytes(nil, observed: [last - 1])
    XCTAssertEqual(try bytes(BackwardReach(first: last, trains: false), observed: [last - 1]), inference)
    let all = try bytes(BackwardReach(first: 0, trains: false), observed: [last])
    XCTAssertGreaterThan(all, 2 * inference)
    // No layer's input is kept for its weights' gradients.
    XCTAssertLessThan(all, try bytes(.training, observed: [last]) * 3 / 2)
  }
}
