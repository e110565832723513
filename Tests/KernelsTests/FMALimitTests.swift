import Parallel
import TestSupport
import XCTest

@testable import Kernels

final class FMALimitTests: XCTestCase {
  func testTheChainsEndWhereTheirFormulaSays() {
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let columns = variant.context.kernels.matrix.columns
      var values = [Float](repeating: 0, count: 12 * 16)
      for i in values.indices { values[i] = Float(i) }
      let operations = variant.context.kernels.matrix.multiplyAddChains(3, &values)
      // Twelve vectors of half a panel's columns each: x / 8 + 7 / 4 after three steps, exactly.
      let count = 12 * columns / 2
      XCTAssertEqual(operations, 3 * 2 * count, variant.name)
      for i in values.indices {
        XCTAssertEqual(values[i], i < count ? Float(i) / 8 + 1.75 : Float(i), "\(variant.name), element \(i)")
      }
    }
  }

  func testNoConvolutionOutrunsTheLimit() throws {
    let c = try ConvolutionCase(
      "conv3", batch: 4, size: (13, 13), channels: (256, 384), kernel: (3, 3), padding: Padding(1))
    let (x, w) = (RandomValues.integers(c.inputCount, seed: 1), RandomValues.integers(c.weightCount, seed: 2))
    for variant in KernelVariant.all(withOpenBLAS: false) {
      let limit = try FMALimit.float32(context: variant.context)
      let clock = ContinuousClock()
      var best = Duration.seconds(1_000)
      for _ in 0..<3 {
        best = min(
          best,
          try clock.measure { _ = try ConvolutionRun.forward(c, x, w, nil, relu: false, variant.context) })
      }
      let rate = 2 * Double(c.shape.multiplyAccumulates) / (best / .seconds(1))
      // Clocks and other work move both figures; a kernel that counted wrongly would be off by a factor of 2.
      XCTAssertLessThan(rate, 1.5 * limit, variant.name)
      XCTAssertGreaterThan(limit, 1e8, variant.name)
      XCTAssertNil(try FMALimit.bfloat16(context: variant.context), variant.name)
    }
  }

  func testBFloat16IsNoSlowerThanFloat32WhereItHasInstructions() throws {
    for variant in KernelVariant.bfloat16(emulated: false) {
      let floats = try FMALimit.float32(context: variant.context)
      XCTAssertGreaterThan(try XCTUnwrap(FMALimit.bfloat16(context: variant.context)), floats, variant.name)
    }
  }
}
