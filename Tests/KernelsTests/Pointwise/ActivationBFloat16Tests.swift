import Kernels
import Tensors
import TestSupport
import XCTest

/// Activations in bfloat16 equal those of float32 on widened numbers, rounded once, to the bit.
final class ActivationBFloat16Tests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testReLU() throws {
    for count in awkwardCounts {
      var draws = Draws(2)
      let x = draws.integers(count, magnitude: 2)
      let dy = draws.floats(count).map(BFloat16.init)
      let expected = [Float].filled(count, with: untouched) {
        Reference.reluForward(count: count, input: x, output: $0)
      }
      let expectedGradient = [Float].filled(count, with: untouched) {
        Reference.reluBackward(count: count, output: x, outputGradient: dy.map(\.float), inputGradient: $0)
      }
      let narrowX = x.map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        let y = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try Activation.reluForward(count: count, input: narrowX, output: $0, context: variant.context)
        }
        assertIdentical(y.map(\.float), expected, "\(variant.name) \(count)")
        let dx = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try Activation.reluBackward(
            count: count, output: narrowX, outputGradient: dy, inputGradient: $0, context: variant.context)
        }
        assertIdentical(dx.map(\.float), expectedGradient, "\(variant.name) \(count)")
        var together = dy
        try together.withUnsafeMutableBufferPointer {
          guard let base = $0.baseAddress else { return }
          try Activation.reluBackward(
            count: count, output: narrowX, outputGradient: base, inputGradient: base, context: variant.context)
        }
        XCTAssertEqual(together, dx, "\(variant.name) \(count) in place")
      }
    }
  }

  func testReLUKeepsNaN() throws {
    let x = [Float.nan, -.infinity, -0.0, 1].map(BFloat16.init)
    for variant in KernelVariant.bfloat16() {
      let y = try [BFloat16].filled(4, with: BFloat16(untouched)) {
        try Activation.reluForward(count: 4, input: x, output: $0, context: variant.context)
      }
      assertIdentical(y.map(\.float), [.nan, 0, 0, 1], variant.name)
    }
  }
}
