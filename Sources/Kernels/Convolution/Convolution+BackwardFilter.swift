import KernelTemplates
import Tensors

extension Convolution {
  /// dW += Σ over pixels of (input under the tap) ⊗ (output gradient), one tile of dW at a time.
  static func backwardFilterByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try sumFilterGradient(
      shape, FilterGradientPlan(shape, kernels: context.kernels.matrix), input: input, outputGradient: outputGradient,
      weightGradient: weightGradient, context: context)
  }

  /// Sums over all parts and units as described at ``FilterGradientWork``.
  static func sumFilterGradient<Work: FilterGradientWork>(
    _ shape: ConvolutionShape, _ work: Work, input: UnsafePointer<Work.Element>,
    outputGradient: UnsafePointer<Work.Element>, weightGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (parts, copies) = (work.parts, work.shares.parts)
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
    for round in 0..<work.rounds {
      try context.forEach(parts * copies, scratchBytes: work.layout.bytes) { item, scratch in
        let copy = item / parts
        for unit in work.units(share: copy, round: round) {
          work.addUnit(
            unit, part: item % parts, input: input, outputGradient: outputGradient,
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
