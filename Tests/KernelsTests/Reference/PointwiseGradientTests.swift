import Kernels
import Tensors
import TestSupport
import XCTest

/// The backward references of activations, pooling, normalisation, dropout and loss against central differences in
/// double precision.
final class PointwiseGradientTests: XCTestCase {
  private let check = GradientCheck()
  private let bound = 1e-6

  /// Values that stay at least 0.01 apart, so that a step of 1e-6 changes no maximum and crosses no zero.
  private func separated(_ count: Int, _ seed: UInt64) -> [Double] {
    var draws = Draws(seed)
    var values = (0..<count).map { (Double($0) - Double(count) / 2 + 0.5) * 0.01 }
    for i in stride(from: count - 1, to: 0, by: -1) { values.swapAt(i, draws.index(below: i + 1)) }
    return values
  }

  func testRelu() {
    let point = separated(40, 1)
    var draws = Draws(2)
    let c = draws.doubles(40)
    let output = [Double].filled(40, with: 0) { Reference.reluForward(count: 40, input: point, output: $0) }
    let gradient = [Double].filled(40, with: 0) {
      Reference.reluBackward(count: 40, output: output, outputGradient: c, inputGradient: $0)
    }
    let worst = check.worstError(at: point, gradient: gradient) { x in
      GradientCheck.dot(c, [Double].filled(40, with: 0) { Reference.reluForward(count: 40, input: x, output: $0) })
    }
    XCTAssertLessThanOrEqual(worst, bound)
  }

  func testTanhAndSigmoid() {
    var draws = Draws(2)
    let (point, c) = (draws.doubles(60, in: -4...4), draws.doubles(60))
    func forward(_ x: UnsafePointer<Double>, tanh: Bool) -> [Double] {
      [Double].filled(60, with: 0) {
        tanh
          ? Reference.tanhForward(count: 60, input: x, output: $0)
          : Reference.sigmoidForward(count: 60, input: x, output: $0)
      }
    }
    for tanh in [true, false] {
      let output = forward(point, tanh: tanh)
      let gradient = [Double].filled(60, with: 0) {
        tanh
          ? Reference.tanhBackward(count: 60, output: output, outputGradient: c, inputGradient: $0)
          : Reference.sigmoidBackward(count: 60, output: output, outputGradient: c, inputGradient: $0)
      }
      let worst = check.worstError(at: point, gradient: gradient) { GradientCheck.dot(c, forward($0, tanh: tanh)) }
      XCTAssertLessThanOrEqual(worst, bound, "tanh \(tanh)")
    }
  }

  func testPoolings() {
    for shape in PoolingShapeTests.shapes where shape.inputCount <= 400 {
      let point = separated(shape.inputCount, 3)
      var draws = Draws(4)
      let c = draws.doubles(shape.outputCount)
      var argument = [UInt8](repeating: 0, count: shape.outputCount)
      _ = [Double].filled(shape.outputCount, with: 0) {
        Reference.maxPoolingForward(shape, input: point, output: $0, argument: &argument)
      }
      let maximum = [Double].filled(shape.inputCount, with: 0) {
        Reference.maxPoolingBackward(shape, outputGradient: c, argument: argument, inputGradient: $0)
      }
      XCTAssertLessThanOrEqual(
        check.worstError(at: point, gradient: maximum) { x in
          GradientCheck.dot(
            c,
            [Double].filled(shape.outputCount, with: 0) {
              Reference.maxPoolingForward(shape, input: x, output: $0, argument: nil)
            })
        }, bound, "maximum \(shape)")
      for countIncludePad in [false, true] {
        let average = [Double].filled(shape.inputCount, with: 0) {
          Reference.averagePoolingBackward(
            shape, countIncludePad: countIncludePad, outputGradient: c, inputGradient: $0)
        }
        XCTAssertLessThanOrEqual(
          check.worstError(at: point, gradient: average) { x in
            GradientCheck.dot(
              c,
              [Double].filled(shape.outputCount, with: 0) {
                Reference.averagePoolingForward(
                  shape, countIncludePad: countIncludePad, input: x, output: $0)
              })
          }, bound, "average \(shape)")
      }
    }
  }

  func testAdaptiveAverage() {
    for (height, width, outHeight, outWidth) in [(6, 6, 6, 6), (7, 5, 3, 4), (2, 3, 5, 6), (4, 4, 1, 1)] {
      let (inputCount, outputCount) = (2 * height * width * 3, 2 * outHeight * outWidth * 3)
      let point = separated(inputCount, 5)
      var draws = Draws(6)
      let c = draws.doubles(outputCount)
      let gradient = [Double].filled(inputCount, with: 0) {
        Reference.adaptiveAveragePoolingBackward(
          batch: 2, inputHeight: height, inputWidth: width, channels: 3, outputHeight: outHeight,
          outputWidth: outWidth, outputGradient: c, inputGradient: $0)
      }
      XCTAssertLessThanOrEqual(
        check.worstError(at: point, gradient: gradient) { x in
          GradientCheck.dot(
            c,
            [Double].filled(outputCount, with: 0) {
              Reference.adaptiveAveragePoolingForward(
                batch: 2, inputHeight: height, inputWidth: width, channels: 3, outputHeight: outHeight,
                outputWidth: outWidth, input: x, output: $0)
            })
        }, bound)
    }
  }

  func testResponseNormalization() throws {
    for (channels, groups, size, beta) in [
      (12, 1, 5, 0.75), (12, 2, 5, 0.75), (9, 1, 4, 0.75), (8, 4, 3, 1), (7, 1, 1, 0.5), (6, 1, 30, 2), (1, 1, 5, 0.75),
    ] as [(Int, Int, Int, Float)] {
      let parameters = try ResponseNormalization(size: size, alpha: 0.7, beta: beta, k: 1.5, alphaOverN: size > 3)
      let count = 3 * channels
      var draws = Draws(7)
      let (point, c) = (draws.doubles(count, in: -2...2), draws.doubles(count))
      func forward(_ x: UnsafePointer<Double>, _ scale: UnsafeMutablePointer<Double>) -> [Double] {
        [Double].filled(count, with: 0) {
          Reference.responseNormalizationForward(
            rows: 3, channels: channels, groups: groups, parameters: parameters, input: x, output: $0, scale: scale)
        }
      }
      var scale = [Double](repeating: 0, count: count)
      _ = forward(point, &scale)
      let gradient = [Double].filled(count, with: 0) {
        Reference.responseNormalizationBackward(
          rows: 3, channels: channels, groups: groups, parameters: parameters, input: point, scale: scale,
          outputGradient: c, inputGradient: $0)
      }
      let worst = check.worstError(at: point, gradient: gradient) { x in
        var scale = [Double](repeating: 0, count: count)
        return GradientCheck.dot(c, forward(x, &scale))
      }
      XCTAssertLessThanOrEqual(worst, bound, "\(channels) channels, \(groups) groups, size \(size), beta \(beta)")
    }
  }

  func testSpatialResponseNormalization() throws {
    for (height, width, channels, size, beta) in [
      (5, 4, 3, 3, 0.75), (5, 4, 2, 4, 0.75), (4, 6, 1, 5, 1), (3, 3, 2, 2, 0.5), (3, 4, 2, 1, 2), (3, 2, 1, 20, 0.75),
    ] as [(Int, Int, Int, Int, Float)] {
      let parameters = try ResponseNormalization(size: size, alpha: 0.7, beta: beta, k: 1.5, alphaOverN: size > 3)
      let count = 2 * height * width * channels
      var draws = Draws(14)
      let (point, c) = (draws.doubles(count, in: -2...2), draws.doubles(count))
      func forward(_ x: UnsafePointer<Double>, _ scale: UnsafeMutablePointer<Double>) -> [Double] {
        [Double].filled(count, with: 0) {
          Reference.spatialNormalizationForward(
            batch: 2, height: height, width: width, channels: channels, parameters: parameters, input: x, output: $0,
            scale: scale)
        }
      }
      var scale = [Double](repeating: 0, count: count)
      _ = forward(point, &scale)
      let gradient = [Double].filled(count, with: 0) {
        Reference.spatialNormalizationBackward(
          batch: 2, height: height, width: width, channels: channels, parameters: parameters, input: point,
          scale: scale, outputGradient: c, inputGradient: $0)
      }
      let worst = check.worstError(at: point, gradient: gradient) { x in
        var scale = [Double](repeating: 0, count: count)
        return GradientCheck.dot(c, forward(x, &scale))
      }
      XCTAssertLessThanOrEqual(worst, bound, "\(height)×\(width)×\(channels), size \(size), beta \(beta)")
    }
  }

  func testPerceptualDistance() {
    for channels in [1, 2, 7, 33] {
      let count = 4 * channels
      var draws = Draws(15)
      let (point, other) = (draws.doubles(count, in: 0.1...2), draws.doubles(count, in: -1...2))
      let (weights, c) = (draws.doubles(channels, in: 0...2), draws.doubles(4))
      let gradient = [Double].filled(count, with: 0) {
        Reference.perceptualDistanceBackward(
          pixels: 4, channels: channels, a: point, b: other, weights: weights, mapGradient: c, inputGradient: $0)
      }
      let worst = check.worstError(at: point, gradient: gradient) { x in
        GradientCheck.dot(
          c,
          [Double].filled(4, with: 0) {
            Reference.perceptualDistance(
              pixels: 4, channels: channels, a: x, b: other, weights: weights, map: $0)
          })
      }
      XCTAssertLessThanOrEqual(worst, bound, "\(channels) channels")
    }
  }

  func testDropout() {
    let generator = Philox(seed: 1, purpose: .dropout, step: 2)
    for form in [Dropout.Form.paper2012, .inverted] {
      var draws = Draws(8)
      let (point, c) = (draws.doubles(50), draws.doubles(50))
      let gradient = [Double].filled(50, with: 0) {
        Reference.dropoutBackward(
          count: 50, probability: 0.4, form: form, generator: generator, layer: 3, outputGradient: c,
          inputGradient: $0)
      }
      let worst = check.worstError(at: point, gradient: gradient) { x in
        GradientCheck.dot(
          c,
          [Double].filled(50, with: 0) {
            Reference.dropoutForwardTraining(
              count: 50, probability: 0.4, form: form, generator: generator, layer: 3, input: x, output: $0)
          })
      }
      XCTAssertLessThanOrEqual(worst, bound)
    }
  }

  func testSoftmaxCrossEntropy() {
    for (classes, weights) in [1, 2, 10, 33].flatMap({ [($0, [1, 1, 1, 1]), ($0, [0.25, 0, 3, 1])] }) {
      let total = weights.reduce(0, +)
      var draws = Draws(9)
      let point = draws.doubles(4 * classes, in: -3...3)
      let labels = (0..<4).map { Int32($0 * 7 % classes) }
      func loss(_ z: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>) -> Double {
        var losses = [Double](repeating: 0, count: 4)
        Reference.softmaxCrossEntropy(
          rows: 4, classes: classes, logits: z, labels: labels, weights: weights, logitsGradient: gradient,
          losses: &losses)
        return zip(losses, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
      }
      let gradient = [Double].filled(point.count, with: 0) { _ = loss(point, $0) }
      let worst = check.worstError(at: point, gradient: gradient) { z in
        var unused = [Double](repeating: 0, count: point.count)
        return loss(z, &unused)
      }
      XCTAssertLessThanOrEqual(worst, bound, "\(classes) classes, weights \(weights)")
    }
  }

  func testTheCheckFindsAWrongGradient() {
    let worst = check.worstError(at: [1, 2], gradient: [2, 4.001]) { $0[0] * $0[0] + $0[1] * $0[1] }
    XCTAssertEqual(worst, 0.001 / 4.001, accuracy: 1e-6)
    XCTAssertEqual(check.worstError(at: [1], gradient: [.nan]) { $0[0] }, .infinity)
  }
}
