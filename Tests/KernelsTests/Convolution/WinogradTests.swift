import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Kernels

/// Winograd's method against the direct sum in float64.
final class WinogradTests: XCTestCase {
  override func setUp() { continueAfterFailure = true }

  func testTheErrorIsWithinTheStatedBound() throws {
    for c in try ConvolutionCase.winograd() {
      let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
      let b = RandomValues.uniform(c.shape.outputChannels, seed: 3)
      var expected = [Double](repeating: 0, count: c.outputCount)
      Reference.convolutionForward(
        c.shape, input: x.map(Double.init), weights: w.map(Double.init), bias: b.map(Double.init), relu: false,
        output: &expected)
      let bound = 2e-5 * expected.reduce(0) { max($0, abs($1)) }
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let rectified = try run(c, x, w, b, relu: true, variant.context)
        for (relu, y) in [(false, try run(c, x, w, b, relu: false, variant.context)), (true, rectified)] {
          let errors = zip(y, expected).map { abs(Double($0) - (relu ? max(0, $1) : $1)) }
          // A value no kernel has written is NaN and fails the comparison.
          XCTAssert(errors.allSatisfy { $0 <= bound }, "\(c.name), \(variant.name), ReLU \(relu)")
        }
      }
    }
  }

  func testWithoutBiasTheSumsStartAtZero() throws {
    let c = try ConvolutionCase.winograd()[0]
    let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
    let zeros = [Float](repeating: 0, count: c.shape.outputChannels)
    for variant in KernelVariant.all(withOpenBLAS: false) {
      XCTAssertEqual(
        try run(c, x, w, nil, relu: false, variant.context), try run(c, x, w, zeros, relu: false, variant.context),
        variant.name)
    }
  }

  func testWeightsTransformedBeforehandGiveTheSameBits() throws {
    for c in try ConvolutionCase.winograd() {
      let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let context = variant.context
        var transformed = [Float](repeating: .nan, count: try Winograd.transformedCount(c.shape, context: context))
        try Winograd.transformWeights(c.shape, weights: w, into: &transformed, context: context)
        let nothing = [Float](repeating: .nan, count: c.weightCount)
        var y = [Float](repeating: .nan, count: c.outputCount)
        try Winograd.forward(
          c.shape, input: x, weights: nothing, transformed: transformed, bias: nil, relu: false, output: &y,
          context: context)
        XCTAssertEqual(y, try run(c, x, w, nil, relu: false, context), "\(c.name), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreadsAndSteadyCallsAllocateNothing() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in try ConvolutionCase.winograd().prefix(3) {
      let (x, w) = (RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2))
      for variant in KernelVariant.all(withOpenBLAS: false) {
        var first: [Float]?
        for count in 1...3 {
          try ThreadPool.shared.setThreadCount(count)
          let y = try run(c, x, w, nil, relu: false, variant.context)
          XCTAssertEqual(y, first ?? y, "\(c.name), \(variant.name): other bits with \(count) threads")
          first = y
        }
        let before = TensorMemory.allocationCount
        _ = try run(c, x, w, nil, relu: false, variant.context)
        XCTAssertEqual(TensorMemory.allocationCount, before, variant.name)
      }
    }
  }

  func testAnImageHasTheSameBitsInAnyCompany() throws {
    try ConvolutionCase.forEachWinograd(
      channels: [((20, 300), 1), ((36, 70), 2)], strides: [3: 1, 5: 1, 6: 2]
    ) { images, context, name in
      let one = try images(1)
      let x = RandomValues.uniform((SameBits.batches.max() ?? 1) * one.inputCount, seed: 1)
      let w = RandomValues.uniform(one.weightCount, seed: 2)
      let b = RandomValues.uniform(one.shape.outputChannels, seed: 3)
      let difference = try SameBits.firstDifference(x) { x, batch in
        try run(images(batch), x, w, b, relu: true, context)
      }
      XCTAssertNil(difference, name)
    }
  }

  func testNotANumberPassesThroughTheRectifier() throws {
    let c = try ConvolutionCase.winograd()[0]
    var x = RandomValues.uniform(c.inputCount, seed: 1)
    x[0] = .nan
    let w = [Float](repeating: 1, count: c.weightCount)
    for variant in KernelVariant.all(withOpenBLAS: false) {
      XCTAssert(try run(c, x, w, nil, relu: true, variant.context)[0].isNaN, variant.name)
    }
  }

  func testItServesWhatItMakesCheaper() throws {
    let context = try XCTUnwrap(KernelVariant.all().first).context
    let served = try [
      ConvolutionCase("VGG conv5", size: (14, 14), channels: (512, 512), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase("conv4", size: (13, 13), channels: (384, 384), kernel: (3, 3), padding: Padding(1), groups: 2),
      ConvolutionCase("conv2", size: (27, 27), channels: (96, 256), kernel: (5, 5), padding: Padding(2), groups: 2),
      ConvolutionCase("conv1", size: (227, 227), channels: (3, 96), kernel: (11, 11), stride: (4, 4)),
    ]
    let refused = try [
      ConvolutionCase("kernel", size: (14, 14), channels: (64, 64), kernel: (4, 4), padding: Padding(2)),
      ConvolutionCase("kernel width", size: (14, 14), channels: (64, 64), kernel: (3, 5)),
      ConvolutionCase(
        "stride", size: (28, 28), channels: (64, 64), kernel: (3, 3), stride: (1, 2), padding: Padding(1)),
      ConvolutionCase("few channels", size: (224, 224), channels: (3, 64), kernel: (3, 3), padding: Padding(1)),
      ConvolutionCase("phases", size: (28, 28), channels: (64, 64), kernel: (7, 7), stride: (2, 2)),
      ConvolutionCase("small map", size: (2, 2), channels: (64, 64), kernel: (3, 3), padding: Padding(1)),
    ]
    for c in served { XCTAssert(try Winograd.serves(c.shape, context: context), c.name) }
    for c in refused { XCTAssertFalse(try Winograd.serves(c.shape, context: context), c.name) }
    for c in refused.dropLast() {
      let (x, w) = ([Float](repeating: 0, count: c.inputCount), [Float](repeating: 0, count: c.weightCount))
      XCTAssertThrowsError(try run(c, x, w, nil, relu: false, context), c.name)
    }
    guard GemmProvider.isOpenBLASThere else { return }
    let blas = ComputeContext(kernels: context.kernels, gemm: .openblas)
    for c in served { XCTAssertFalse(try Winograd.serves(c.shape, context: blas), c.name) }
  }

  private func run(
    _ c: ConvolutionCase, _ x: [Float], _ w: [Float], _ b: [Float]?, relu: Bool, _ context: ComputeContext
  ) throws -> [Float] {
    var y = [Float](repeating: .nan, count: c.outputCount)
    if let b {
      try Winograd.forward(c.shape, input: x, weights: w, bias: b, relu: relu, output: &y, context: context)
    } else {
      try Winograd.forward(c.shape, input: x, weights: w, bias: nil, relu: relu, output: &y, context: context)
    }
    return y
  }
}
