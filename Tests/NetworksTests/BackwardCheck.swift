import XCTest

@testable import Networks

/// Compares a backward pass with central differences of a weighted sum of the logits, through the whole net, in every
/// parameter and the input.
func checkBackward(of network: Network, batch: Int) throws {
  var x = randomFloats(batch * network.spec.input.count, seed: 7)
  let weights = randomFloats(batch * network.classCount, seed: 8)
  let key = DropoutKey(seed: 5, step: 2)
  func objective() throws -> Double {
    var output = [Float](repeating: 0, count: weights.count)
    try network.forwardKeeping(x, batch: batch, layout: .nhwc, dropout: key, into: &output)
    return zip(output, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  _ = try objective()
  var dx = [Float](repeating: .nan, count: x.count)
  try network.backward(weights, batch: batch, layout: .nhwc, accumulate: false, inputGradient: &dx)

  let step: Float = 1.0 / 2048
  func check(_ gradient: Float, _ place: String, _ move: (Float) -> Void) throws {
    move(step)
    let up = try objective()
    move(-2 * step)
    let down = try objective()
    move(step)
    let difference = Float((up - down) / Double(2 * step))
    XCTAssertEqual(gradient, difference, accuracy: 2e-2 * max(1, abs(difference)), place)
  }
  for parameter in network.parameters {
    let gradients = Array(try parameter.makeGradient().buffer)
    for index in stride(from: 0, to: parameter.count, by: max(1, parameter.count / 5)) {
      try check(gradients[index], "\(parameter.name)[\(index)]") { parameter.value.pointer[index] += $0 }
    }
  }
  for index in stride(from: 0, to: x.count, by: x.count / 7) {
    try check(dx[index], "x[\(index)]") { x[index] += $0 }
  }
}
