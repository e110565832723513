import Parallel
import Tensors
import TestSupport
import XCTest

@testable import Kernels

/// The gradients of Winograd's method against those of the direct sum in float64.
final class WinogradGradientsTests: XCTestCase {
  override func setUp() { continueAfterFailure = true }

  func testTheErrorsAreWithinTheStatedBounds() throws {
    for c in try ConvolutionCase.winograd() {
      let (x, w, dy) = values(c)
      var (dx, dw) = ([Double](repeating: 0, count: c.inputCount), [Double](repeating: 0, count: c.weightCount))
      var db = [Double](repeating: 0, count: c.shape.outputChannels)
      Reference.convolutionBackwardData(
        c.shape, outputGradient: dy.map(Double.init), weights: w.map(Double.init), inputGradient: &dx)
      Reference.convolutionBackwardFilter(
        c.shape, input: x.map(Double.init), outputGradient: dy.map(Double.init), weightGradient: &dw,
        biasGradient: &db)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let filter = try backwardFilter(c, x, dy, variant.context)
        var checked = [("filter", filter.weights, dw, 5e-5), ("bias", filter.bias, db, 1e-5)]
        if try c.shape.ofInputGradient() != nil {
          checked.append(("data", try backwardData(c, dy, w, variant.context), dx, 2e-5))
        }
        for (name, found, expected, bound) in checked {
          let limit = bound * expected.reduce(0) { max($0, abs($1)) }
          // A value no kernel has written is NaN and fails the comparison.
          XCTAssert(
            zip(found, expected).allSatisfy { abs(Double($0) - $1) <= limit }, "\(c.name), \(variant.name): \(name)")
        }
      }
    }
  }

  func testTheFilterGradientIsAddedTo() throws {
    for c in try ConvolutionCase.winograd().prefix(2) {
      let (x, _, dy) = values(c)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let fresh = try backwardFilter(c, x, dy, variant.context)
        let added = try backwardFilter(c, x, dy, variant.context, from: 3)
        XCTAssertEqual(added.weights, fresh.weights.map { 3 + $0 }, "\(c.name), \(variant.name)")
      }
    }
  }

  func testBitsDoNotDependOnTheThreadsAndSteadyCallsAllocateNothing() throws {
    let threads = ThreadPool.shared.threadCount
    defer { try? ThreadPool.shared.setThreadCount(threads) }
    for c in try ConvolutionCase.winograd().prefix(3) {
      let (x, w, dy) = values(c)
      for variant in KernelVariant.all(withOpenBLAS: false) {
        let run = {
          try [self.backwardFilter(c, x, dy, variant.context).weights, self.backwardData(c, dy, w, variant.context)]
        }
        var first: [[Float]]?
        for count in 1...3 {
          try ThreadPool.shared.setThreadCount(count)
          let found = try run()
          XCTAssertEqual(found, first ?? found, "\(c.name), \(variant.name): other bits with \(count) threads")
          first = found
        }
        let before = TensorMemory.allocationCount
        _ = try run()
        XCTAssertEqual(TensorMemory.allocationCount, before, variant.name)
      }
    }
  }

  func testAnImagesInputGradientHasTheSameBitsInAnyCompany() throws {
    try ConvolutionCase.forEachWinograd(channels: [((300, 20), 1), ((70, 36), 2)]) { images, context, name in
      let one = try images(1)
      let dy = RandomValues.uniform((SameBits.batches.max() ?? 1) * one.outputCount, seed: 1)
      let w = RandomValues.uniform(one.weightCount, seed: 2)
      let difference = try SameBits.firstDifference(dy) { dy, batch in
        try backwardData(images(batch), dy, w, context)
      }
      XCTAssertNil(difference, name)
    }
  }

  func testManyGroupsAreComputedInBlocks() throws {
    let c = try ConvolutionCase(
      "blocks of groups", batch: 2, size: (4, 4), channels: (16 * 400, 16 * 400), kernel: (3, 3), padding: Padding(1),
      groups: 400)
    let (x, _, dy) = values(c)
    var expected = [Double](repeating: 0, count: c.weightCount)
    Reference.convolutionBackwardFilter(
      c.shape, input: x.map(Double.init), outputGradient: dy.map(Double.init), weightGradient: &expected,
      biasGradient: nil)
    let limit = 5e-5 * expected.reduce(0) { max($0, abs($1)) }
    let found = try backwardFilter(c, x, dy, XCTUnwrap(KernelVariant.all(withOpenBLAS: false).last).context)
    XCTAssert(zip(found.weights, expected).allSatisfy { abs(Double($0) - $1) <= limit })
  }

  func testWhatItCannotComputeIsRefusedOrComputedDirectly() throws {
    let context = try XCTUnwrap(KernelVariant.all().first).context
    let few = try ConvolutionCase("few outputs", size: (9, 9), channels: (16, 4), kernel: (3, 3), padding: Padding(1))
    let wide = try ConvolutionCase(
      "wide padding", size: (9, 9), channels: (16, 16), kernel: (3, 3), padding: Padding(5))
    XCTAssertThrowsError(try backwardData(wide, values(wide).dy, values(wide).w, context))
    for c in [few, try ConvolutionCase("stride", size: (9, 9), channels: (16, 16), kernel: (3, 3), stride: (2, 2))] {
      let (x, w, dy) = values(c)
      XCTAssertThrowsError(try backwardData(c, dy, w, context), c.name)
      XCTAssertThrowsError(try backwardFilter(c, x, dy, context), c.name)
      let drivers = Float.convolution(fastMath: true)
      var (fast, direct) = ([Float](repeating: 0, count: c.inputCount), [Float](repeating: 0, count: c.inputCount))
      try drivers.backwardData(c.shape, dy, w, &fast, context)
      try Convolution.backwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &direct, context: context)
      XCTAssertEqual(fast, direct, c.name)
      (fast, direct) = ([Float](repeating: 0, count: c.weightCount), [Float](repeating: 0, count: c.weightCount))
      try drivers.backwardFilter(c.shape, x, dy, &fast, nil, context)
      try Convolution.backwardFilter(
        c.shape, input: x, outputGradient: dy, weightGradient: &direct, biasGradient: nil, context: context)
      XCTAssertEqual(fast, direct, c.name)
    }
  }

  private func values(_ c: ConvolutionCase) -> (x: [Float], w: [Float], dy: [Float]) {
    (
      RandomValues.uniform(c.inputCount, seed: 1), RandomValues.uniform(c.weightCount, seed: 2),
      RandomValues.uniform(c.outputCount, seed: 3)
    )
  }

  private func backwardData(_ c: ConvolutionCase, _ dy: [Float], _ w: [Float], _ context: ComputeContext) throws
    -> [Float]
  {
    var dx = [Float](repeating: .nan, count: c.inputCount)
    try Winograd.backwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx, context: context)
    return dx
  }

  private func backwardFilter(
    _ c: ConvolutionCase, _ x: [Float], _ dy: [Float], _ context: ComputeContext, from start: Float = 0
  ) throws -> (weights: [Float], bias: [Float]) {
    var dw = [Float](repeating: start, count: c.weightCount)
    var db = [Float](repeating: 0, count: c.shape.outputChannels)
    try Winograd.backwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: &db, context: context)
    return (dw, db)
  }
}
