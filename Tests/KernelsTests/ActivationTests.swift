import Kernels
import XCTest

final class ActivationTests: XCTestCase {
  private let special: [Float] = [
    .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
  ]

  func testReluEqualsReference() throws {
    for count in awkwardCounts {
      var draws = Draws(10)
      let input = Array((special + draws.floats(count)).suffix(count))
      let gradient = draws.floats(count)
      let expected = [Float].filled(count, with: untouched) {
        Reference.reluForward(count: count, input: input, output: $0)
      }
      let expectedGradient = [Float].filled(count, with: untouched) {
        Reference.reluBackward(count: count, output: expected, outputGradient: gradient, inputGradient: $0)
      }
      try onEveryTable { context, name in
        // One more element than the count shows a write past the end.
        let output = try [Float].filled(count + 1, with: untouched) {
          try Activation.reluForward(count: count, input: input, output: $0, context: context)
        }
        assertIdentical(output, expected + [untouched], "\(name) \(count)")
        var inPlace = gradient
        try inPlace.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          try Activation.reluBackward(
            count: count, output: expected, outputGradient: base, inputGradient: base, context: context)
        }
        assertIdentical(inPlace, expectedGradient, "\(name) \(count)")
      }
    }
  }

  func testReluOfSpecialNumbers() throws {
    try onEveryTable { context, name in
      let output = try [Float].filled(special.count, with: untouched) {
        try Activation.reluForward(count: special.count, input: special, output: $0, context: context)
      }
      assertIdentical(
        output, [.nan, .infinity, 0, 0, 0, .leastNonzeroMagnitude, 0, .greatestFiniteMagnitude], name)
      let gradient = try [Float].filled(special.count, with: untouched) {
        try Activation.reluBackward(
          count: special.count, output: output, outputGradient: [Float](repeating: 3, count: special.count),
          inputGradient: $0, context: context)
      }
      assertIdentical(gradient, [3, 3, 0, 0, 0, 3, 0, 3], name)
    }
  }

  func testScale() throws {
    for count in awkwardCounts {
      var draws = Draws(11)
      let input = draws.floats(count)
      try onEveryTable { context, name in
        let scaled = try [Float].filled(count + 1, with: untouched) {
          try Activation.scale(count: count, by: 0.3, input: input, output: $0, context: context)
        }
        assertIdentical(scaled, input.map { 0.3 * $0 } + [untouched], "\(name) \(count)")
      }
    }
  }
}
