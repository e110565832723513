import KernelTemplates
import Tensors

extension Convolution {
  /// dW += Σ over pixels of (input under the tap) ⊗ (output gradient), one tile of dW at a time.
  ///
  /// An item owns a part of dW, some taps and some output channels, so that its part stays in the cache while the
  /// pixels of all images go by. Pixels come in *units*, the output rows of an image whose operands fit the cache;
  /// rounds of units keep items short. A dW of few parts is made in several copies, each from a share of the
  /// images, and the copies are added in their order.
  static func backwardFilterByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let plan = FilterGradientPlan(shape, kernels: context.kernels.matrix)
    let weightCount = shape.kernelHeight * shape.kernelWidth * shape.groupInputs * shape.outputChannels
    let copies = plan.shares.parts
    var target = weightGradient
    if copies > 1 {
      target = try context.shared(bytes: copies * weightCount * 4).assumingMemoryBound(to: Float.self)
      let first = target
      try context.forEach(copies) { copy, _ in
        (first + (copy &* weightCount)).update(repeating: 0, count: weightCount)
      }
    }
    let sums = target
    for round in 0..<plan.rounds {
      try context.forEach(plan.parts * copies, scratchBytes: plan.layout.bytes) { item, scratch in
        let (part, copy) = (item % plan.parts, item / plan.parts)
        for unit in plan.units(share: copy, round: round) {
          plan.addUnit(
            unit, part: part, input: input, outputGradient: outputGradient,
            weightGradient: sums + (copy &* weightCount), scratch: scratch)
        }
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
