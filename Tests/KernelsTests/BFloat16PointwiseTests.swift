import Kernels
import Tensors
import TestSupport
import XCTest

/// The pointwise kernels of bfloat16 are those of float32 on widened numbers, rounded once: to the bit. Those of
/// float32 are compared with their references in tests of their own.
final class BFloat16PointwiseTests: XCTestCase {
  override func tearDown() { XCTAssertEqual(EmulatedTiles.takeFaults(), []) }

  func testConversion() throws {
    for count in awkwardCounts {
      var draws = Draws(1)
      let x = draws.floats(count, in: -1000...1000)
      let expected = x.map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        let narrow = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try BFloat16Conversion.narrow(count: count, input: x, output: $0, context: variant.context)
        }
        XCTAssertEqual(narrow, expected, "\(variant.name) \(count)")
        let wide = try [Float].filled(count, with: untouched) {
          try BFloat16Conversion.widen(count: count, input: narrow, output: $0, context: variant.context)
        }
        assertIdentical(wide, expected.map(\.float), "\(variant.name) \(count)")
      }
    }
  }

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

  func testMaxPooling() throws {
    for shape in PoolingTests.shapes {
      var draws = Draws(3)
      // Few values, so that windows are full of ties.
      let input = draws.integers(shape.inputCount, magnitude: 3)
      let gradient = draws.floats(shape.outputCount).map(BFloat16.init)
      var expectedArgument = [UInt8](repeating: 255, count: shape.outputCount)
      let expected = [Float].filled(shape.outputCount, with: untouched) {
        Reference.maxPoolingForward(shape, input: input, output: $0, argument: &expectedArgument)
      }
      let narrowInput = input.map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        var argument = [UInt8](repeating: 255, count: shape.outputCount)
        let output = try [BFloat16].filled(shape.outputCount, with: BFloat16(untouched)) {
          try MaxPooling.forward(shape, input: narrowInput, output: $0, argument: &argument, context: variant.context)
        }
        assertIdentical(output.map(\.float), expected, "\(variant.name) \(shape)")
        XCTAssertEqual(argument, expectedArgument, "\(variant.name) \(shape)")
        let floats = try [Float].filled(shape.inputCount, with: untouched) {
          try MaxPooling.backward(
            shape, outputGradient: gradient.map(\.float), argument: argument, inputGradient: $0,
            context: variant.context)
        }
        let inputGradient = try [BFloat16].filled(shape.inputCount, with: BFloat16(untouched)) {
          try MaxPooling.backward(
            shape, outputGradient: gradient, argument: argument, inputGradient: $0, context: variant.context)
        }
        XCTAssertEqual(inputGradient, floats.map(BFloat16.init), "\(variant.name) \(shape)")
      }
    }
  }

  func testResponseNormalization() throws {
    for (rows, channels, groups, size) in [
      (40, 96, 1, 5), (40, 96, 2, 5), (700, 96, 1, 5), (11, 256, 2, 5), (11, 1, 1, 5), (11, 17, 1, 3), (3, 5000, 2, 4),
    ] {
      let parameters = try ResponseNormalization(size: size, alpha: 0.3, beta: 0.75, k: 2, alphaOverN: false)
      let count = rows * channels
      var draws = Draws(4)
      let input = draws.floats(count, in: -30...30).map(BFloat16.init)
      let gradient = draws.floats(count, in: -2...2).map(BFloat16.init)
      for variant in KernelVariant.bfloat16() {
        let label = "\(variant.name) \(rows)×\(channels)"
        var (scale, expectedScale) = ([Float](repeating: untouched, count: count), [Float](repeating: 0, count: count))
        let expected = try [Float].filled(count, with: 0) {
          try LocalResponseNormalization.forward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input.map(\.float),
            output: $0, scale: &expectedScale, context: variant.context)
        }
        let output = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try LocalResponseNormalization.forward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input, output: $0,
            scale: &scale, context: variant.context)
        }
        XCTAssertEqual(output, expected.map(BFloat16.init), label)
        assertIdentical(scale, expectedScale, label)
        let expectedGradient = try [Float].filled(count, with: 0) {
          try LocalResponseNormalization.backward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input.map(\.float),
            scale: scale, outputGradient: gradient.map(\.float), inputGradient: $0, context: variant.context)
        }
        let inputGradient = try [BFloat16].filled(count, with: BFloat16(untouched)) {
          try LocalResponseNormalization.backward(
            rows: rows, channels: channels, groups: groups, parameters: parameters, input: input, scale: scale,
            outputGradient: gradient, inputGradient: $0, context: variant.context)
        }
        XCTAssertEqual(inputGradient, expectedGradient.map(BFloat16.init), label)
      }
    }
  }

  func testLayoutThereAndBack() throws {
    for (batch, channels, height, width) in [
      (1, 1, 1, 1), (2, 3, 5, 7), (2, 8, 2, 4), (1, 9, 3, 3), (3, 17, 3, 11), (2, 256, 6, 6), (1, 33_000, 2, 3),
    ] {
      let (pixels, count) = (height * width, batch * channels * height * width)
      let planar = (0..<count).map { BFloat16(bits: UInt16(truncatingIfNeeded: $0)) }
      var expected = planar
      for n in 0..<batch {
        for c in 0..<channels {
          for p in 0..<pixels {
            expected[(n * pixels + p) * channels + c] = planar[(n * channels + c) * pixels + p]
          }
        }
      }
      try onEveryTable { context, name in
        let label = "\(name) \(batch)×\(channels)×\(height)×\(width)"
        let guardElement = BFloat16(untouched)
        let last = try [BFloat16].filled(count + 1, with: guardElement) {
          try Layout.nchwToNHWC(
            batch: batch, channels: channels, height: height, width: width, input: planar, output: $0,
            context: context)
        }
        XCTAssert(last == expected + [guardElement], label)
        let first = try [BFloat16].filled(count + 1, with: guardElement) {
          try Layout.nhwcToNCHW(
            batch: batch, channels: channels, height: height, width: width, input: last, output: $0,
            context: context)
        }
        XCTAssert(first == planar + [guardElement], label)
      }
    }
  }

  func testSameBitsForAnyThreadCount() throws {
    let shape = try PoolingShape(
      batch: 3, inputHeight: 27, inputWidth: 27, channels: 20, kernelHeight: 3, kernelWidth: 3, strideHeight: 2,
      strideWidth: 2, padding: Padding(0), ceilMode: false)
    let parameters = try ResponseNormalization(size: 5, alpha: 0.3, beta: 0.75, k: 2, alphaOverN: false)
    var draws = Draws(5)
    let input = draws.floats(shape.inputCount).map(BFloat16.init)
    try assertSameBitsForAnyThreadCount { context in
      guard context.kernels.bfloat16 != nil else { return [] }
      let normalized = try [BFloat16].filled(shape.inputCount, with: BFloat16(0)) {
        try LocalResponseNormalization.forward(
          rows: 3 * 27 * 27, channels: 20, groups: 1, parameters: parameters, input: input, output: $0, scale: nil,
          context: context)
      }
      let pooled = try [BFloat16].filled(shape.outputCount, with: BFloat16(0)) {
        try MaxPooling.forward(shape, input: normalized, output: $0, argument: nil, context: context)
      }
      return (normalized + pooled).map(\.float)
    }
  }
}
