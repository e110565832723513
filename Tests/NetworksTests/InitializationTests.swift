import Kernels
import Tensors
import XCTest

@testable import Networks

final class InitializationTests: XCTestCase {
  /// Weights and biases by parameter name.
  private func draw(_ spec: NetworkSpec, _ initialization: String, seed: UInt64 = 7) throws -> [String: [Float]] {
    let network = try Network(spec: spec, initialization: .named(initialization), seed: seed)
    return Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, Array($0.value.buffer)) })
  }

  private func deviation(_ values: [Float]) -> Double {
    (values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)).squareRoot()
  }

  private func tiny(_ nodes: [NodeSpec]) -> NetworkSpec {
    NetworkSpec(name: "tiny", input: FeatureShape(height: 20, width: 20, channels: 3), nodes: nodes)
  }

  private func convolution(
    _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Padding = Padding(1), groups: Int = 1
  )
    -> NodeOperation
  {
    .convolution(outputs: outputs, kernel: kernel, stride: stride, padding: padding, groups: groups)
  }

  /// The draws of the first release: saved experiments are repeated from seeds.
  func testDrawsOfTheFirstReleaseStand() throws {
    let padding = Padding(top: 0, left: 0, bottom: 1, right: 1)
    let spec = tiny([
      NodeSpec("conv1", convolution(8, kernel: 5, stride: 2, padding: padding)), NodeSpec("relu1", .relu),
      NodeSpec("conv2", convolution(12, groups: 2)), NodeSpec("relu2", .relu),
      NodeSpec("fc6", .dense(outputs: 24)), NodeSpec("relu6", .relu),
      NodeSpec("fc8", .dense(outputs: 4)), NodeSpec("prob", .softmax),
    ])
    let first: [String: [String: Float]] = [
      "paper": [
        "conv1.weight": -0.0055848280899226665, "conv2.weight": -0.007107192184776068,
        "fc6.weight": 0.004602871835231781, "fc8.weight": -0.015322074294090271, "conv1.bias": 0, "conv2.bias": 1,
        "fc6.bias": 1, "fc8.bias": 0,
      ],
      "caffe": ["fc6.weight": 0.0023014359176158905, "conv2.bias": 0.1, "fc6.bias": 0.1, "fc8.bias": 0],
      "caffenet": ["fc6.weight": 0.0023014359176158905, "conv2.bias": 1, "fc6.bias": 1, "fc8.bias": 0],
      "torchvision": [
        "conv1.weight": 0.0781669095158577, "conv1.bias": 0.007584323175251484, "fc8.weight": -0.07804600894451141,
        "fc8.bias": 0.027255799621343613,
      ],
    ]
    for (name, expected) in first {
      let drawn = try draw(spec, name)
      for (parameter, value) in expected {
        let found = try XCTUnwrap(drawn[parameter]?.first)
        XCTAssertEqual(found, value, accuracy: 1e-6 * abs(value), "\(name) \(parameter)")
      }
    }
  }

  func testTheAuthorsRun() throws {
    let spec = tiny(
      (1...6).map { NodeSpec("conv\($0)", convolution(32)) } + [
        NodeSpec("fc6", convolution(64, kernel: 20, padding: Padding(0), groups: 2)),
        NodeSpec("fc7", .dense(outputs: 64)), NodeSpec("fc8", .dense(outputs: 50)),
      ])
    let drawn = try draw(spec, "chm145")
    for (node, expected, bias) in [
      ("conv1", 0.01, Float(0)), ("conv2", 0.01, 1), ("conv3", 0.03, 0), ("conv4", 0.03, 1), ("conv5", 0.03, 1),
      ("conv6", 0.03, 1), ("fc6", 0.01, 1), ("fc7", 0.01, 1), ("fc8", 0.01, 0),
    ] {
      XCTAssertEqual(deviation(try XCTUnwrap(drawn[node + ".weight"])), expected, accuracy: 0.1 * expected, node)
      XCTAssertEqual(Set(try XCTUnwrap(drawn[node + ".bias"])), [bias], node)
    }
  }

  func testVGG() throws {
    let spec = tiny([NodeSpec("conv1_1", convolution(64)), NodeSpec("fc8", .dense(outputs: 10))])
    for (name, expected) in [("vgg", 0.1), ("vgg_0.01", 0.01)] {
      let drawn = try draw(spec, name)
      XCTAssertEqual(deviation(try XCTUnwrap(drawn["conv1_1.weight"])), expected, accuracy: 0.1 * expected)
      XCTAssertEqual(deviation(try XCTUnwrap(drawn["fc8.weight"])), expected, accuracy: 0.1 * expected)
      XCTAssertEqual(Set(try XCTUnwrap(drawn["conv1_1.bias"])), [0])
    }
  }

  /// ±√(6 / (inputs of an output + outputs of an input)); uniform numbers within ±b have standard deviation b/√3.
  func testGlorot() throws {
    let local = NodeOperation.locallyConnected(outputs: 6, kernel: 3, stride: 2, padding: Padding(1))
    let spec = tiny([
      NodeSpec("conv1", convolution(32)), NodeSpec("conv2", convolution(48, groups: 2)), NodeSpec("local3", local),
      NodeSpec("fc8", .dense(outputs: 10)),
    ])
    let drawn = try draw(spec, "glorot")
    for (parameter, fanIn, fanOut) in [
      ("conv1.weight", 27.0, 288.0), ("conv2.weight", 144, 216), ("local3.weight", 432, 54), ("fc8.weight", 600, 10),
    ] {
      let (values, bound) = (try XCTUnwrap(drawn[parameter]), (6 / (fanIn + fanOut)).squareRoot())
      XCTAssertLessThanOrEqual(Double(values.map(abs).max() ?? .infinity), bound * (1 + 1e-6), parameter)
      XCTAssertEqual(deviation(values), bound / 3.0.squareRoot(), accuracy: 0.1 * bound, parameter)
    }
    XCTAssertEqual(Set(drawn.filter { $0.key.hasSuffix("bias") }.values.joined()), [0])
  }

  func testEveryCIFARNetByItsConfigurationFile() throws {
    let pixels = ["conv1": 1e-4, "conv2": 0.01]
    let expected = [
      "80sec": pixels.merging(["conv3": 0.01, "fc64": 0.1, "fc10": 0.1]) { $1 },
      "18pct": pixels.merging(["conv3": 0.01, "fc10": 0.01]) { $1 },
      "19pct": pixels.merging(["conv3": 0.01, "fc10": 0.01]) { $1 },
      "conv-local-13pct": pixels.merging(["local3": 0.04, "local4": 0.04, "fc10": 0.01]) { $1 },
      "conv-local-11pct": pixels.merging(["local3": 0.04, "local4": 0.04, "fc10": 0.01]) { $1 },
    ]
    for variant in CIFARNet.variants {
      XCTAssertEqual(variant.defaultInitialization.name, variant.catalogName)
      let drawn = try draw(variant.spec(), variant.defaultInitialization.name)
      let deviations = try XCTUnwrap(expected[variant.name])
      XCTAssertEqual(drawn.count, 2 * deviations.count)
      for (node, size) in deviations {
        XCTAssertEqual(
          deviation(try XCTUnwrap(drawn[node + ".weight"])), size, accuracy: 0.1 * size, "\(variant.name) \(node)")
        XCTAssertEqual(Set(try XCTUnwrap(drawn[node + ".bias"])), [0])
      }
    }
  }

  func testUnknownNameListsTheKnown() {
    XCTAssertThrowsError(try Initialization.named("he")) { error in
      XCTAssertTrue("\(error)".contains("paper, chm145, caffe, caffenet, torchvision, vgg, vgg_0.01"), "\(error)")
    }
  }
}
