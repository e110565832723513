import Kernels
import Tensors
import TestSupport
import XCTest

/// Normalisation and pooling in one pass against two separate passes: the same bits.
final class LocalResponseNormalizationPoolingTests: XCTestCase {
  override func setUp() { continueAfterFailure = true }

  func testItHasTheBitsOfTheTwoPasses() throws {
    for (shape, groups) in try cases() {
      let x = RandomValues.uniform(shape.inputCount, seed: 1)
      try assertSameBitsForAnyThreadCount("\(shape)") { context in
        let expected = try separately(shape, groups, x, context)
        let y = try pooled(shape, groups, x, context)
        XCTAssertEqual(y, expected, "\(shape), groups \(groups)")
        return y
      }
    }
  }

  func testOfBFloat16ItHasTheBitsOfTheTwoPasses() throws {
    for (shape, groups) in try cases() {
      let x = RandomValues.uniform(shape.inputCount, seed: 1).map { BFloat16($0) }
      for variant in KernelVariant.bfloat16() {
        let context = variant.context
        var normalized = [BFloat16](repeating: BFloat16(.nan), count: shape.inputCount)
        try LocalResponseNormalization.forward(
          rows: shape.batch * shape.inputHeight * shape.inputWidth, channels: shape.channels, groups: groups,
          parameters: norm(), input: x, output: &normalized, scale: nil, context: context)
        var expected = [BFloat16](repeating: BFloat16(.nan), count: shape.outputCount)
        try MaxPooling.forward(shape, input: normalized, output: &expected, argument: nil, context: context)
        var y = [BFloat16](repeating: BFloat16(.nan), count: shape.outputCount)
        try LocalResponseNormalization.forwardPooled(
          shape, groups: groups, parameters: norm(), input: x, output: &y, context: context)
        XCTAssertEqual(y, expected, "\(shape), groups \(groups) on \(variant.name)")
      }
    }
  }

  func testOfBytesItHasTheBytesOfTheTwoPasses() throws {
    let (from, to) = try (Quantization(scale: 0.03, zeroPoint: 120), Quantization(scale: 0.02, zeroPoint: 90))
    for (shape, groups) in try cases() {
      let bytes = RandomValues.uniform(shape.inputCount, seed: 1).map { UInt8(127 + 127 * $0) }
      try assertSameBitsForAnyThreadCount("\(shape)") { context in
        var x = [Float](repeating: .nan, count: shape.inputCount)
        try from.dequantize(count: x.count, input: bytes, output: &x, context: context)
        let values = try separately(shape, groups, x, context)
        var (expected, y) = ([UInt8](repeating: 1, count: values.count), [UInt8](repeating: 2, count: values.count))
        try to.quantize(count: values.count, input: values, output: &expected, context: context)
        try LocalResponseNormalization.forwardPooled(
          shape, groups: groups, parameters: norm(), input: bytes, from: from, output: &y, to: to, context: context)
        XCTAssertEqual(y, expected, "\(shape), groups \(groups)")
        return y.map { Float($0) }
      }
    }
  }

  func testRefusals() throws {
    let (shape, _) = try cases()[0]
    let x = RandomValues.uniform(shape.inputCount, seed: 1)
    let context = try XCTUnwrap(KernelVariant.all().first).context
    XCTAssertThrowsError(try pooled(shape, 5, x, context))
    XCTAssertThrowsError(try pooled(shape, 0, x, context))
  }

  private func cases() throws -> [(PoolingShape, groups: Int)] {
    func shape(
      _ batch: Int, _ height: Int, _ width: Int, _ channels: Int, kernel: (Int, Int), stride: (Int, Int),
      padding: Padding = Padding(0), ceilMode: Bool = false
    ) throws -> PoolingShape {
      try PoolingShape(
        batch: batch, inputHeight: height, inputWidth: width, channels: channels, kernelHeight: kernel.0,
        kernelWidth: kernel.1, strideHeight: stride.0, strideWidth: stride.1, padding: padding, ceilMode: ceilMode)
    }
    return try [
      (shape(1, 55, 55, 96, kernel: (3, 3), stride: (2, 2)), 1),
      (shape(2, 27, 27, 32, kernel: (3, 3), stride: (2, 2)), 2),
      (shape(1, 14, 9, 7, kernel: (3, 2), stride: (2, 1), padding: Padding(1), ceilMode: true), 1),
      (shape(9, 6, 5, 6, kernel: (2, 3), stride: (3, 2), padding: Padding(top: 1, left: 2, bottom: 0, right: 1)), 3),
      (shape(1, 40, 3, 5, kernel: (1, 1), stride: (1, 1)), 1),
      (shape(1, 9, 300, 300, kernel: (3, 3), stride: (2, 2)), 1),
    ]
  }

  private func norm() throws -> ResponseNormalization {
    try ResponseNormalization(size: 5, alpha: 1e-2, beta: 0.75, k: 2, alphaOverN: false)
  }

  private func pooled(_ shape: PoolingShape, _ groups: Int, _ x: [Float], _ context: ComputeContext) throws -> [Float] {
    var y = [Float](repeating: .nan, count: shape.outputCount)
    try LocalResponseNormalization.forwardPooled(
      shape, groups: groups, parameters: norm(), input: x, output: &y, context: context)
    return y
  }

  private func separately(
    _ shape: PoolingShape, _ groups: Int, _ x: [Float], _ context: ComputeContext
  ) throws -> [Float] {
    var normalized = [Float](repeating: .nan, count: shape.inputCount)
    try LocalResponseNormalization.forward(
      rows: shape.batch * shape.inputHeight * shape.inputWidth, channels: shape.channels, groups: groups,
      parameters: norm(), input: x, output: &normalized, scale: nil, context: context)
    var y = [Float](repeating: .nan, count: shape.outputCount)
    try MaxPooling.forward(shape, input: normalized, output: &y, argument: nil, context: context)
    return y
  }
}
