import Kernels
import Tensors
import TestSupport
import XCTest

@testable import Networks

/// Gradients between nodes against the same network composed of the double-precision references, whose own gradients are
/// compared with central differences.
final class LinearizationTests: XCTestCase {
  private let batch = 2

  private func vjp(
    _ network: Network, _ x: [Float], _ cotangents: [String: [Float]], wrt: [String], relu: ReLURule = .standard,
    layout: TensorLayout = .nhwc, arithmetic: Arithmetic = Arithmetic(), height: Int? = nil, width: Int? = nil
  ) throws -> [String: [Float]] {
    let kept = try network.linearize(
      x, batch: batch, height: height ?? network.spec.input.height, width: width ?? network.spec.input.width,
      layout: layout, nodes: Array(cotangents.keys), wrt: wrt, arithmetic: arithmetic)
    return try vjp(kept, cotangents, wrt: wrt, relu: relu, layout: layout)
  }

  private func vjp(
    _ kept: Linearization, _ cotangents: [String: [Float]], wrt: [String], relu: ReLURule = .standard,
    layout: TensorLayout = .nhwc
  ) throws -> [String: [Float]] {
    let buffers = try cotangents.mapValues { values in
      let buffer = try AlignedBuffer<Float>(count: values.count, operation: "test")
      for (index, value) in values.enumerated() { buffer.pointer[index] = value }
      return buffer
    }
    let results = try Dictionary(
      uniqueKeysWithValues: wrt.map { name in
        let buffer = try AlignedBuffer<Float>(count: batch * kept.shape(of: name).count, operation: "test")
        buffer.buffer.update(repeating: .nan)
        return (name, buffer)
      })
    try withExtendedLifetime((buffers, results)) {
      try kept.vjp(
        buffers.mapValues { UnsafePointer($0.pointer) }, wrt: results.mapValues(\.pointer), layout: layout, relu: relu)
    }
    return results.mapValues { Array($0.buffer) }
  }

  private func cotangent(_ network: Network, _ node: String, seed: UInt64) throws -> [Float] {
    randomFloats(batch * network.layers[try network.node(named: node)].outputShape.count, seed: seed)
  }

  private func assertClose(_ actual: [Float], _ expected: [Double], _ place: String, accuracy: Double = 5e-6) {
    XCTAssertEqual(actual.count, expected.count, place)
    let magnitude = expected.reduce(0) { max($0, abs($1)) }
    for (i, (a, e)) in zip(actual, expected).enumerated() where !(abs(Double(a) - e) <= accuracy * magnitude) {
      return XCTFail("\(place)[\(i)]: got \(a), expected \(e), the largest is \(magnitude)")
    }
  }

  /// The gradient at `low` of cotangents at some nodes, in double precision.
  private func reference(
    _ network: Network, _ x: [Float], _ cotangents: [Int: [Float]], wrt low: Int, relu: ReLURule
  ) throws -> [Double] {
    let values = try ReferenceNetwork(layers: network.layers, batch: batch).forward(x.map(Double.init))
    var sum = [Double](repeating: 0, count: values[low + 1].count)
    for (node, cotangent) in cotangents {
      let between = ReferenceNetwork(
        layers: Array(network.layers[low + 1..<node + 1]), batch: batch, relu: relu)
      let gradient = try between.backward(Array(values[low + 1...node + 1]), cotangent.map(Double.init)).input
      for index in sum.indices { sum[index] += gradient[index] }
    }
    return sum
  }

  func testEveryNodeToEveryNodeEqualsTheReferences() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 3)
    let names = network.spec.nodes.map(\.name)
    for (from, start) in names.enumerated() {
      let slope = try cotangent(network, start, seed: UInt64(from))
      let found = try vjp(network, x, [start: slope], wrt: [Linearization.data] + names[0...from])
      for low in -1...from {
        let expected = try reference(network, x, [from: slope], wrt: low, relu: .standard)
        let end = low < 0 ? Linearization.data : names[low]
        assertClose(try XCTUnwrap(found[end]), expected, "\(start) to \(end)")
        // Alone, other nodes are fused.
        assertClose(try XCTUnwrap(try vjp(network, x, [start: slope], wrt: [end])[end]), expected, "\(start) to \(end)")
      }
    }
  }

  /// No rule other than the derivative is a derivative of anything: they are compared with their definitions.
  func testCotangentsAddUpUnderEveryRule() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 4)
    for rule in ReLURule.allCases {
      var (slopes, byNode): ([String: [Float]], [Int: [Float]]) = ([:], [:])
      for name in ["conv2", "relu2", "fc8", "relu1", "prob"] {
        slopes[name] = try cotangent(network, name, seed: 9)
        byNode[try network.node(named: name)] = slopes[name]
      }
      let found = try vjp(network, x, slopes, wrt: ["data"], relu: rule)
      if rule == .standard {
        assertClose(
          try XCTUnwrap(found["data"]), try reference(network, x, byNode, wrt: -1, relu: rule), rule.rawValue)
      }
      // Linear in one cotangent only under the derivative: the others are compared one node at a time.
      for (node, slope) in byNode {
        let name = network.spec.nodes[node].name
        for end in ["data", "conv1"] where end == "data" || node > 0 {
          let low = end == "data" ? -1 : 0
          assertClose(
            try XCTUnwrap(try vjp(network, x, [name: slope], wrt: [end], relu: rule)[end]),
            try reference(network, x, [node: slope], wrt: low, relu: rule), "\(rule) \(name) to \(end)")
        }
      }
    }
  }

  /// The references themselves, in double precision.
  func testReferencesPassTheGradientCheck() throws {
    let network = try smallNetwork()
    let reference = ReferenceNetwork(layers: network.layers, batch: batch)
    let x = randomFloats(batch * network.spec.input.count, seed: 5).map(Double.init)
    let values = try reference.forward(x)
    for node in network.layers.indices {
      let slope = randomFloats(values[node + 1].count, seed: UInt64(20 + node)).map(Double.init)
      let part = ReferenceNetwork(layers: Array(network.layers[0...node]), batch: batch)
      let gradient = try part.backward(Array(values[0...node + 1]), slope).input
      for index in stride(from: 1, to: x.count, by: x.count / 6) {
        let step = 1e-6
        func objective(_ move: Double) throws -> Double {
          var moved = x
          moved[index] += move
          return zip(try part.forward(moved)[node + 1], slope).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let difference = (try objective(step) - objective(-step)) / (2 * step)
        XCTAssertEqual(gradient[index], difference, accuracy: 1e-6 * max(1, abs(difference)), "node \(node)")
      }
    }
  }

  func testLayoutsAgree() throws {
    let network = try smallNetwork()
    let shape = network.layers[try network.node(named: "conv2")].outputShape
    let x = randomFloats(batch * network.spec.input.count, seed: 6)
    let slope = randomFloats(batch * shape.count, seed: 7)
    let nhwc = try XCTUnwrap(try vjp(network, x, ["conv2": slope], wrt: ["data"])["data"])
    let nchw = try XCTUnwrap(
      try vjp(
        network, transposed(x, network.spec.input), ["conv2": transposed(slope, shape)], wrt: ["data"], layout: .nchw)[
          "data"])
    XCTAssertEqual(transposed(nhwc, network.spec.input), nchw)
  }

  private func transposed(_ values: [Float], _ shape: FeatureShape) -> [Float] {
    var result = values
    for image in 0..<batch {
      for pixel in 0..<shape.height * shape.width {
        for channel in 0..<shape.channels {
          result[image * shape.count + channel * shape.height * shape.width + pixel] =
            values[image * shape.count + pixel * shape.channels + channel]
        }
      }
    }
    return result
  }

  func testBFloat16IsNearFloat32() throws {
    let network = try smallNetwork()
    let bfloat16 = Arithmetic(precision: .bfloat16)
    guard Precision.available(in: try network.makeContext()).contains(.bfloat16) else {
      throw XCTSkip("this instruction set has no bfloat16")
    }
    let x = randomFloats(batch * network.spec.input.count, seed: 8)
    let slopes = ["relu2": try cotangent(network, "relu2", seed: 1), "conv2": try cotangent(network, "conv2", seed: 2)]
    let ends = ["data", "conv1", "pool1", "conv2"]
    let expected = try vjp(network, x, slopes, wrt: ends)
    let found = try vjp(network, x, slopes, wrt: ends, arithmetic: bfloat16)
    // A maximum or a sign that rounding changes moves single gradients.
    for end in ends {
      let (narrow, exact) = (try XCTUnwrap(found[end]), try XCTUnwrap(expected[end]))
      let norm = { (values: [Float]) in values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      XCTAssertLessThan(norm(zip(narrow, exact).map { $0 - $1 }), 5e-2 * norm(exact), end)
    }
    let logits = try vjp(
      network, x, ["fc8": try cotangent(network, "fc8", seed: 3)], wrt: ["data"], arithmetic: bfloat16)
    XCTAssertTrue(try XCTUnwrap(logits["data"]).contains { $0 != 0 })
  }

  func testGradientsCanBeTakenBackAgain() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 9)
    let kept = try network.linearize(
      x, batch: batch, height: 32, width: 30, layout: .nhwc, nodes: ["relu1", "pool2", "fc8"], wrt: ["data", "conv1"])
    let slopes = ["fc8": try cotangent(network, "fc8", seed: 1)]
    let others = ["pool2": try cotangent(network, "pool2", seed: 2), "relu1": try cotangent(network, "relu1", seed: 3)]
    let first = try vjp(kept, slopes, wrt: ["data"])
    let second = try vjp(kept, others, wrt: ["data", "conv1"], relu: .guided)
    XCTAssertEqual(first, try vjp(kept, slopes, wrt: ["data"]))
    XCTAssertEqual(second, try vjp(kept, others, wrt: ["data", "conv1"], relu: .guided))
    XCTAssertEqual(first, try vjp(network, x, slopes, wrt: ["data"]))
    // Activations are still those of the forward pass, and parameters have no gradients.
    var activation = try cotangent(network, "relu1", seed: 0)
    var captured = activation
    try kept.activation("relu1", layout: .nhwc, into: &activation)
    try captured.withUnsafeMutableBufferPointer {
      try network.capture(["relu1"], of: x, batch: batch, layout: .nhwc, into: [try XCTUnwrap($0.baseAddress)])
    }
    XCTAssertEqual(activation, captured)
    XCTAssertEqual(network.parameters.map(\.gradientBytes), network.parameters.map { _ in 0 })
  }

  func testImagesOfAnotherSize() throws {
    let network = try smallNetwork()
    let (height, width) = (41, 27)
    var spec = try smallSpec()
    let nodes = try network.node(named: "pool2")
    spec = NetworkSpec(
      name: "resized", input: FeatureShape(height: height, width: width, channels: 3),
      nodes: Array(spec.nodes[0...nodes]))
    let resized = try Network(spec: spec, initialization: .torchvision, seed: 2)
    for (target, source) in zip(resized.parameters, network.parameters) {
      target.value.pointer.update(from: source.value.pointer, count: source.count)
    }
    let x = randomFloats(batch * height * width * 3, seed: 1)
    let shape = try network.outputShape(of: "pool2", height: height, width: width, operation: "test")
    XCTAssertEqual(shape, resized.layers[nodes].outputShape)
    let slopes = ["pool2": randomFloats(batch * shape.count, seed: 2)]
    XCTAssertEqual(
      try vjp(network, x, slopes, wrt: ["data", "conv2"], height: height, width: width),
      try vjp(resized, x, slopes, wrt: ["data", "conv2"]))
    XCTAssertThrowsError(try network.outputShape(of: "fc6", height: height, width: width, operation: "test")) {
      guard case EngineError.unsupported = $0 else { return XCTFail("\($0)") }
    }
    XCTAssertThrowsError(try network.outputShape(of: "pool2", height: 3, width: 3, operation: "test"))
  }

  func testRefusals() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 1)
    func linearize(_ nodes: [String], _ wrt: [String], _ arithmetic: Arithmetic = Arithmetic()) throws -> Linearization
    {
      try network.linearize(
        x, batch: batch, height: 32, width: 30, layout: .nhwc, nodes: nodes, wrt: wrt, arithmetic: arithmetic)
    }
    XCTAssertThrowsError(try linearize(["conv9"], ["data"]))
    XCTAssertThrowsError(try linearize(["conv2"], []))
    XCTAssertThrowsError(try linearize([], ["data"]))
    XCTAssertThrowsError(try linearize(["fc6"], ["data"], Arithmetic(int8DenseWeights: true)))
    let kept = try linearize(["conv2", "relu1"], ["norm1"])
    let slopes = ["conv2": try cotangent(network, "conv2", seed: 1)]
    XCTAssertThrowsError(try vjp(kept, slopes, wrt: ["data"]))
    XCTAssertThrowsError(try vjp(kept, ["pool1": [0]], wrt: ["norm1"]))
    XCTAssertThrowsError(try vjp(kept, ["relu1": try cotangent(network, "relu1", seed: 1)], wrt: ["norm1"]))
    XCTAssertThrowsError(try vjp(kept, slopes, wrt: []))
    XCTAssertThrowsError(try vjp(kept, [:], wrt: ["norm1"]))
    XCTAssertNoThrow(try vjp(kept, slopes, wrt: ["norm1"]))
    network.parameters[0].borrowValues()[0] += 1
    network.parameters[0].giveBackValues()
    XCTAssertThrowsError(try vjp(kept, slopes, wrt: ["norm1"])) {
      XCTAssertTrue("\($0)".contains("weights have changed"), "\($0)")
    }
  }

  func testArrays() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 1)
    let slopes = ["conv2": try cotangent(network, "conv2", seed: 2)]
    let kept = try network.linearize(
      x, batch: batch, layout: .nhwc, nodes: ["conv2", "relu1"], wrt: ["data", "conv1"])
    XCTAssertEqual(
      try kept.vjp(slopes, wrt: ["data", "conv1"], layout: .nhwc), try vjp(network, x, slopes, wrt: ["data", "conv1"]))
    let activations = try network.activations(of: ["conv2", "relu1"], x, batch: batch, layout: .nhwc)
    for node in ["conv2", "relu1"] {
      XCTAssertEqual(activations[node], try kept.activation(node, layout: .nhwc), node)
    }
    XCTAssertThrowsError(try network.activations(of: ["conv2"], Array(x.dropLast()), batch: batch, layout: .nhwc))
    XCTAssertThrowsError(try network.activations(of: ["conv2"], x, batch: 0, layout: .nhwc))
    XCTAssertThrowsError(try network.activations(of: ["conv9"], x, batch: batch, layout: .nhwc))
    XCTAssertThrowsError(try network.activations(of: [], x, batch: batch, layout: .nhwc))
    XCTAssertThrowsError(try network.linearize([], batch: batch, layout: .nhwc, nodes: ["conv2"]))
    XCTAssertThrowsError(try kept.vjp(["conv2": [1]], layout: .nhwc))
  }

  func testManyPassesThatWereKeptLeaveTheMemoryOfOne() throws {
    let network = try smallNetwork()
    func kept(_ batch: Int) throws -> Linearization {
      try network.linearize(
        randomFloats(batch * network.spec.input.count, seed: 2), batch: batch, layout: .nhwc, nodes: ["fc8"])
    }
    _ = try kept(3)
    let one = network.activationBytes
    XCTAssertGreaterThan(one, 0)
    var all = try (1...8).map { _ in try kept(3) } + [kept(2)]
    all.removeAll()
    XCTAssertEqual(network.activationBytes, one)
  }

  func testRefusedMemoryIsAnErrorAndTheNextCallWorks() throws {
    let network = try smallNetwork()
    let x = randomFloats(batch * network.spec.input.count, seed: 2)
    let slopes = ["fc8": try cotangent(network, "fc8", seed: 1)]
    let expected = try vjp(network, x, slopes, wrt: ["data"])
    for allocation in 0..<12 {
      let fresh = try smallNetwork()
      TensorMemory.failAllocation(after: allocation)
      defer { TensorMemory.failAllocation(after: -1) }
      do { _ = try vjp(fresh, x, slopes, wrt: ["data"]) } catch EngineError.outOfMemory {}
      TensorMemory.failAllocation(after: -1)
      XCTAssertEqual(try vjp(fresh, x, slopes, wrt: ["data"]), expected)
    }
  }
}
