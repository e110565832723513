import Kernels
import Tensors
import XCTest

@testable import Networks

/// A whole network with tanh, logistic function, average pooling and within-map norm against the same network composed
/// of the double-precision references.
final class ReferenceNetworkTests: XCTestCase {
  private let batch = 3

  /// Maps of odd sizes, windows that pass the edge, even windows larger than the map.
  private let text = """
    network squashed
    data channels=3 height=9 width=8
    convolution conv1 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
    tanh tanh1
    average_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=1 count_include_pad=0
    spatial_response_norm norm1 size=3 alpha=0.5 beta=0.75 k=1 alpha_over_n=1
    convolution conv2 outputs=7 kernel=3 stride=1 pad=1,1,1,1 groups=1
    sigmoid sigmoid2
    average_pool pool2 kernel=3 stride=2 pad=1,1,1,1 ceil=0 count_include_pad=1
    spatial_response_norm norm2 size=4 alpha=0.3 beta=0.6 k=2 alpha_over_n=0
    average_pool pool3 kernel=2 stride=2 pad=0,0,0,0 ceil=0 count_include_pad=0
    dense fc3 outputs=5
    tanh tanh3
    dense fc4 outputs=4
    softmax prob
    """

  private func assertClose(_ actual: [Float], _ expected: [Double], _ place: String) {
    XCTAssertEqual(actual.count, expected.count, place)
    let magnitude = expected.reduce(0) { max($0, abs($1)) }
    XCTAssertGreaterThan(magnitude, 0, place)
    for (i, (a, e)) in zip(actual, expected).enumerated() where !(abs(Double(a) - e) <= 5e-6 * magnitude) {
      return XCTFail("\(place)[\(i)]: got \(a), expected \(e)")
    }
  }

  func testForwardAndBackwardEqualTheReferences() throws {
    let spec = try NetworkSpec(text: text)
    let network = try Network(spec: spec, initialization: .torchvision, seed: 3)
    let reference = ReferenceNetwork(layers: Array(network.layers.dropLast()), batch: batch)
    let x = randomFloats(batch * spec.input.count, seed: 11)
    let values = try reference.forward(x.map(Double.init))

    var logits = [Float](repeating: .nan, count: batch * network.classCount)
    try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: nil, into: &logits)
    assertClose(logits, values[values.count - 1], "logits")
    for (index, node) in spec.nodes.dropLast().enumerated() {
      var output = [Float](repeating: .nan, count: values[index + 1].count)
      try output.withUnsafeMutableBufferPointer {
        try network.capture([node.name], of: x, batch: batch, layout: .nhwc, into: [try XCTUnwrap($0.baseAddress)])
      }
      assertClose(output, values[index + 1], node.name)
    }

    let slope = randomFloats(logits.count, seed: 12)
    let expected = try reference.backward(values, slope.map(Double.init))
    var inputGradient = [Float](repeating: .nan, count: x.count)
    try network.backward(slope, batch: batch, layout: .nhwc, accumulate: false, inputGradient: &inputGradient)
    assertClose(inputGradient, expected.input, "x")
    XCTAssertEqual(Set(network.parameters.map(\.name)), Set(expected.parameters.keys))
    for parameter in network.parameters {
      assertClose(
        Array(try parameter.makeGradient().buffer), try XCTUnwrap(expected.parameters[parameter.name]), parameter.name)
    }
  }
}
