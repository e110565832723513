import KernelTemplates
import Tensors

extension Convolution {
  /// dW += Σ over pixels of (input under the tap) ⊗ (output gradient), one tile of dW at a time.
  static func backwardFilterByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let plan = FilterGradientPlan(shape, kernels: context.kernels.matrix)
    try sumFilterGradient(
      shape, parts: plan.parts, shares: plan.shares.parts, rounds: plan.rounds, scratchBytes: plan.layout.bytes,
      weightGradient: weightGradient, context: context
    ) { part, share, round, gradient, scratch in
      for unit in plan.units(share: share, round: round) {
        plan.addUnit(
          unit, part: part, input: input, outputGradient: outputGradient, weightGradient: gradient, scratch: scratch)
      }
    }
  }

  /// An item owns a part of dW, some taps and some output channels, so that its part stays in the cache while the
  /// pixels of all images go by. Pixels come in *units*, the output rows of an image whose operands fit the cache;
  /// rounds of units keep items short. A dW of few parts is made in several copies, each from a share of the
  /// units, and the copies are added in their order.
  /// - Parameter addUnits: adds the units of a share in a round to a part of `gradient`.
  static func sumFilterGradient(
    _ shape: ConvolutionShape, parts: Int, shares copies: Int, rounds: Int, scratchBytes: Int,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext,
    addUnits: (
      _ part: Int, _ share: Int, _ round: Int, _ gradient: UnsafeMutablePointer<Float>,
      _ scratch: UnsafeMutableRawPointer
    ) -> Void
  ) throws {
    let weightCount = shape.kernelHeight * shape.kernelWidth * shape.groupInputs * shape.outputChannels
    var target = weightGradient
    if copies > 1 {
      target = try context.shared(bytes: copies * weightCount * 4).assumingMemoryBound(to: Float.self)
      let first = target
      try context.forEach(copies) { copy, _ in
        (first + (copy &* weightCount)).update(repeating: 0, count: weightCount)
      }
    }
    let sums = target
    for round in 0..<rounds {
      try context.forEach(parts * copies, scratchBytes: scratchBytes) { item, scratch in
        let copy = item / parts
        addUnits(item % parts, copy, round, sums + (copy &* weightCount), scratch)
      }
    }
    guard copies > 1 else { return }
    let blocks = Partition(weightCount, atMost: 1 << 14)
    let kernels = context.kernels.matrix
    try context.forEach(blocks.parts, scratchBytes: 64) { block, scratch in
      let range = blocks.range(block)
      let one = scratch.assumingMemoryBound(to: Float.self)
      one[0] = 1
      kernels.addWeightedRows(
        WeightedRows(
          weights: one, weightStride: 0, rows: sums + range.lowerBound, rowStride: weightCount, rowCount: copies,
          columns: range.count, output: weightGradient + range.lowerBound))
    }
  }
}
