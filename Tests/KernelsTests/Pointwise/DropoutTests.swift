import Kernels
import Tensors
import XCTest

final class DropoutTests: XCTestCase {
  private let generator = Philox(seed: 7, purpose: .dropout, step: 3)

  private func train(
    _ input: [Float], _ probability: Float, _ form: Dropout.Form, layer: UInt32 = 1, step: UInt64 = 3,
    seed: UInt64 = 7, _ context: ComputeContext
  ) throws -> [Float] {
    try [Float].filled(input.count + 1, with: untouched) {
      try Dropout.forwardTraining(
        count: input.count, probability: probability, form: form,
        generator: Philox(seed: seed, purpose: .dropout, step: step), layer: layer, input: input, output: $0,
        context: context)
    }
  }

  func testEqualsReference() throws {
    for count in awkwardCounts {
      var draws = Draws(13)
      let input = draws.floats(count)
      for (form, probability) in [(.paper2012, 0.5), (.inverted, 0.5), (.inverted, 0.2)] as [(Dropout.Form, Float)] {
        let expected = [Float].filled(count, with: untouched) {
          Reference.dropoutForwardTraining(
            count: count, probability: probability, form: form, generator: generator, layer: 1, input: input,
            output: $0)
        }
        let expectedInference = [Float].filled(count, with: untouched) {
          Reference.dropoutForwardInference(
            count: count, probability: probability, form: form, input: input, output: $0)
        }
        try onEveryTable { context, name in
          assertIdentical(
            try train(input, probability, form, context), expected + [untouched], "\(name) \(count) \(form)")
          let gradient = try [Float].filled(count, with: untouched) {
            try Dropout.backward(
              DropoutPart(rows: 0..<1, columns: 0..<count, width: count), probability: probability, form: form,
              generator: generator, layer: 1,
              outputGradient: input, inputGradient: $0, context: context)
          }
          assertIdentical(gradient, expected, "the mask of backward, \(name) \(count) \(form)")
          let inference = try [Float].filled(count + 1, with: untouched) {
            try Dropout.forwardInference(
              count: count, probability: probability, form: form, input: input, output: $0, context: context)
          }
          assertIdentical(inference, expectedInference + [untouched], "\(name) \(count) \(form)")
        }
      }
    }
  }

  /// Columns that begin and end anywhere in a generator's block of four.
  func testColumnsHaveTheMaskOfTheWholeMatrix() throws {
    for (rows, width, columns) in [
      (5, 4096, 2048..<4096), (3, 14, 7..<14), (4, 14, 0..<7), (9, 6, 3..<5), (2, 77, 34..<77), (7, 3, 1..<2),
      (6, 32, 0..<32), (1, 40_000, 3..<39_998), (3, 5, 2..<2),
    ] {
      var draws = Draws(17)
      let matrix = draws.floats(rows * width)
      func part(_ values: [Float]) -> [Float] {
        (0..<rows).flatMap { row in columns.map { values[row * width + $0] } }
      }
      let whole = [Float].filled(rows * width, with: untouched) {
        Reference.dropoutForwardTraining(
          count: rows * width, probability: 0.5, form: .inverted, generator: generator, layer: 2, input: matrix,
          output: $0)
      }
      try onEveryTable { context, name in
        let found = try [Float].filled(rows * columns.count + 1, with: untouched) {
          try Dropout.forwardTraining(
            DropoutPart(rows: 0..<rows, columns: columns, width: width), probability: 0.5, form: .inverted,
            generator: generator, layer: 2, input: part(matrix), output: $0, context: context)
        }
        assertIdentical(found, part(whole) + [untouched], "\(name) \(rows) × \(columns) of \(width)")
      }
    }
  }

  func testAPartOfABatchHasItsMask() throws {
    var draws = Draws(5)
    let input = draws.floats(70_001)
    try onEveryTable { context, name in
      let whole = try train(input, 0.5, .paper2012, context)
      for first in [0, 1, 2, 3, 4, 10, 4096, 32_769] {
        let part = try [Float].filled(input.count - first + 1, with: untouched) {
          try Dropout.forwardTraining(
            count: input.count - first, probability: 0.5, form: .paper2012, generator: generator, layer: 1,
            first: first, input: Array(input[first...]), output: $0, context: context)
        }
        assertIdentical(part, Array(whole[first...]), "\(name), from \(first)")
      }
    }
  }

  func testMaskDependsOnSeedStepLayerAndElement() throws {
    let ones = [Float](repeating: 1, count: 4096)
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    let mask = try train(ones, 0.5, .paper2012, context)
    XCTAssertEqual(mask, try train(ones, 0.5, .paper2012, context))
    for other in [
      try train(ones, 0.5, .paper2012, layer: 2, context), try train(ones, 0.5, .paper2012, step: 4, context),
      try train(ones, 0.5, .paper2012, seed: 8, context),
    ] {
      // Independent masks agree at half of the elements; six deviations are 192.
      XCTAssertEqual(Double(zip(mask, other).count { $0 == $1 }), 2048, accuracy: 192)
    }
    let kept = zip(mask, mask.dropFirst()).count { $0 == 1 && $1 == 1 }
    XCTAssertEqual(Double(kept), 1024, accuracy: 170, "neighbours are independent")
  }

  func testShareOfKeptElements() throws {
    let ones = [Float](repeating: 1, count: 100_000)
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    for probability: Float in [0.1, 0.5, 0.9] {
      let kept = try train(ones, probability, .paper2012, context).count { $0 == 1 }
      XCTAssertEqual(Double(kept), 100_000 * Double(1 - probability), accuracy: 1000)
    }
    for form in [Dropout.Form.paper2012, .inverted] {
      XCTAssertEqual(try train(ones, 0, form, context).count { $0 == 1 }, 100_000)
      XCTAssertEqual(try train(ones, 1, form, context).count { $0 == 0 }, 100_000, "no NaN from 1 / (1 − p)")
    }
  }

  func testRefusals() {
    let context = ComputeContext(kernels: KernelRegistry.available[0])
    for bad: Float in [-0.1, 1.5, .nan, .infinity] {
      XCTAssertThrowsError(try train([1], bad, .inverted, context))
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let ones = [Float](repeating: 1, count: 200_001)
    try assertSameBitsForAnyThreadCount { try train(ones, 0.3, .inverted, $0) }
  }
}
