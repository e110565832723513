import Kernels
import TestSupport
import XCTest

/// The backward references of convolution, locally connected and dense layers against central differences in double precision.
final class ReferenceGradientTests: XCTestCase {
  private let check = GradientCheck()
  private let bound = 1e-6

  private func convolutions() throws -> [ConvolutionCase] {
    let uneven = Padding(top: 1, left: 2, bottom: 0, right: 3)
    return try [
      .init("one pixel", size: (1, 1), channels: (1, 1), kernel: (1, 1)),
      .init("1 × 1", batch: 2, size: (3, 4), channels: (3, 2), kernel: (1, 1)),
      .init("1 × 1, stride 2", size: (5, 4), channels: (2, 3), kernel: (1, 1), stride: (2, 2)),
      .init("3 × 3", size: (5, 6), channels: (2, 3), kernel: (3, 3)),
      .init("3 × 3, padding", batch: 2, size: (4, 4), channels: (2, 2), kernel: (3, 3), padding: Padding(1)),
      .init("3 × 3, stride 2", size: (7, 7), channels: (2, 2), kernel: (3, 3), stride: (2, 2), padding: Padding(1)),
      .init("5 × 5, groups", size: (6, 6), channels: (4, 6), kernel: (5, 5), padding: Padding(2), groups: 2),
      .init("a channel a group", size: (4, 5), channels: (3, 3), kernel: (3, 3), padding: Padding(1), groups: 3),
      .init("uneven padding", size: (5, 6), channels: (2, 2), kernel: (2, 3), stride: (1, 2), padding: uneven),
      .init(
        "uneven padding, groups", batch: 2, size: (4, 5), channels: (4, 2), kernel: (3, 2), stride: (2, 1),
        padding: uneven, groups: 2),
      .init("stride beyond the kernel", size: (8, 9), channels: (2, 2), kernel: (2, 2), stride: (3, 4)),
      .init("kernel of the image", size: (4, 3), channels: (3, 5), kernel: (4, 3)),
      .init("padding beyond the kernel", size: (2, 2), channels: (2, 2), kernel: (2, 2), padding: Padding(3)),
      .init(
        "conv1 in small", size: (14, 14), channels: (3, 2), kernel: (11, 11), stride: (4, 4),
        padding: Padding(top: 0, left: 0, bottom: 3, right: 3)),
    ]
  }

  func testConvolution() throws {
    for test in try convolutions() {
      var draws = Draws(40)
      let (input, weights) = (draws.doubles(test.inputCount), draws.doubles(test.weightCount))
      let (bias, c) = (draws.doubles(test.shape.outputChannels), draws.doubles(test.outputCount))
      func loss(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ b: UnsafePointer<Double>
      ) -> Double {
        GradientCheck.dot(
          c,
          [Double].filled(test.outputCount, with: 0) {
            Reference.convolutionForward(test.shape, input: x, weights: w, bias: b, relu: false, output: $0)
          })
      }
      let inputGradient = [Double].filled(test.inputCount, with: 0) {
        Reference.convolutionBackwardData(test.shape, outputGradient: c, weights: weights, inputGradient: $0)
      }
      var biasGradient = [Double](repeating: 0, count: bias.count)
      let weightGradient = [Double].filled(test.weightCount, with: 0) {
        Reference.convolutionBackwardFilter(
          test.shape, input: input, outputGradient: c, weightGradient: $0, biasGradient: &biasGradient)
      }
      for (operand, worst) in [
        ("input", check.worstError(at: input, gradient: inputGradient) { loss($0, weights, bias) }),
        ("weights", check.worstError(at: weights, gradient: weightGradient) { loss(input, $0, bias) }),
        ("bias", check.worstError(at: bias, gradient: biasGradient) { loss(input, weights, $0) }),
      ] {
        XCTAssertLessThanOrEqual(worst, bound, "\(test.name): \(operand)")
      }
    }
  }

  func testLocallyConnected() throws {
    for test in try convolutions() where test.shape.groups == 1 {
      var draws = Draws(42)
      let (input, weights) = (draws.doubles(test.inputCount), draws.doubles(test.localWeightCount))
      let (bias, c) = (draws.doubles(test.localBiasCount), draws.doubles(test.outputCount))
      func loss(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ b: UnsafePointer<Double>
      ) -> Double {
        GradientCheck.dot(
          c,
          [Double].filled(test.outputCount, with: 0) {
            Reference.locallyConnectedForward(test.shape, input: x, weights: w, bias: b, relu: false, output: $0)
          })
      }
      let inputGradient = [Double].filled(test.inputCount, with: 0) {
        Reference.locallyConnectedBackwardData(test.shape, outputGradient: c, weights: weights, inputGradient: $0)
      }
      var biasGradient = [Double](repeating: 0, count: bias.count)
      let weightGradient = [Double].filled(weights.count, with: 0) {
        Reference.locallyConnectedBackwardFilter(
          test.shape, input: input, outputGradient: c, weightGradient: $0, biasGradient: &biasGradient)
      }
      for (operand, worst) in [
        ("input", check.worstError(at: input, gradient: inputGradient) { loss($0, weights, bias) }),
        ("weights", check.worstError(at: weights, gradient: weightGradient) { loss(input, $0, bias) }),
        ("bias", check.worstError(at: bias, gradient: biasGradient) { loss(input, weights, $0) }),
      ] {
        XCTAssertLessThanOrEqual(worst, bound, "\(test.name): \(operand)")
      }
    }
  }

  func testDense() {
    for (batch, inputs, outputs) in [
      (1, 1, 1), (1, 1, 7), (1, 9, 1), (5, 1, 1), (2, 3, 4), (3, 16, 5), (4, 5, 17), (8, 8, 8), (7, 33, 2), (1, 40, 30),
      (2, 64, 3), (9, 10, 11),
    ] {
      var draws = Draws(41)
      let (input, weights) = (draws.doubles(batch * inputs), draws.doubles(inputs * outputs))
      let (bias, c) = (draws.doubles(outputs), draws.doubles(batch * outputs))
      func loss(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ b: UnsafePointer<Double>
      ) -> Double {
        GradientCheck.dot(
          c,
          [Double].filled(batch * outputs, with: 0) {
            Reference.denseForward(
              batch: batch, inputs: inputs, outputs: outputs, input: x, weights: w, bias: b, relu: false, output: $0)
          })
      }
      let inputGradient = [Double].filled(input.count, with: 0) {
        Reference.denseBackwardData(
          batch: batch, inputs: inputs, outputs: outputs, outputGradient: c, weights: weights, inputGradient: $0)
      }
      var biasGradient = [Double](repeating: 0, count: outputs)
      let weightGradient = [Double].filled(weights.count, with: 0) {
        Reference.denseBackwardFilter(
          batch: batch, inputs: inputs, outputs: outputs, input: input, outputGradient: c, weightGradient: $0,
          biasGradient: &biasGradient)
      }
      for (operand, worst) in [
        ("input", check.worstError(at: input, gradient: inputGradient) { loss($0, weights, bias) }),
        ("weights", check.worstError(at: weights, gradient: weightGradient) { loss(input, $0, bias) }),
        ("bias", check.worstError(at: bias, gradient: biasGradient) { loss(input, weights, $0) }),
      ] {
        XCTAssertLessThanOrEqual(worst, bound, "\(batch)×\(inputs)→\(outputs): \(operand)")
      }
    }
  }
}
