import KernelTemplates
import Tensors

extension Dense {
  /// Writes `output`, rounded once from float32 sums of products with the weights rounded to bfloat16; with `relu`, its
  /// max(0, ·).
  /// - Parameter packed: the weights packed by ``pack(inputs:outputs:as:weights:into:context:)``, for many calls with
  ///   the same weights; nil: the call packs them itself.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    try sum(
      shape, input: input, weights: words(weights, packed, outputs: outputs, kernels), kernels: kernels,
      context: context, start: { column in bias.map { $0[column] } ?? 0 }
    ) { sums, stride, rows, columns in
      kernels.narrowRows(
        RowNarrowing(
          rows: rows.count, columns: columns.count, source: sums, sourceStride: stride, relu: relu,
          target: output + (rows.lowerBound &* outputs &+ columns.lowerBound), targetStride: outputs))
    }
  }

  /// The same with the unrounded sums as output, for a network's scores.
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let shape = try DenseShape(batch: batch, inputs: inputs, outputs: outputs)
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    try sum(
      shape, input: input, weights: words(weights, packed, outputs: outputs, kernels), kernels: kernels,
      context: context, start: { column in bias.map { $0[column] } ?? 0 }
    ) { sums, stride, rows, columns in
      let target = output + (rows.lowerBound &* outputs &+ columns.lowerBound)
      copyRows(
        sums, stride: stride, rows: rows.count, columns: columns.count, into: target, targetStride: outputs)
      if relu { BLAS.rectify(target, rows: rows.count, columns: columns.count, stride: outputs) }
    }
  }

  /// Bytes of the packed weights of a dense layer.
  public static func packedByteCount(
    inputs: Int, outputs: Int, as type: BFloat16.Type, context: ComputeContext
  ) throws -> Int {
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    return try Extent.product(
      [kernels.panelCount(outputs), kernels.runLength(inputs), kernels.columns, MemoryLayout<BFloat16>.stride],
      operation: "packed weights")
  }

  /// Packs the weights for the forward pass on this context or one like it: [panel][padded inputs / 2][panel
  /// columns][2].
  public static func pack(
    inputs: Int, outputs: Int, as type: BFloat16.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "dense")
    let panelStride = kernels.runLength(inputs) * kernels.columns
    let panels = memory.assumingMemoryBound(to: BFloat16.self)
    // A few rows at a time, so that the weights are read sequentially; only the last ones are padded.
    let steps = Partition(kernels.runLength(inputs) / kernels.innerMultiple, atMost: 64 / kernels.innerMultiple)
    try context.forEach(steps.parts) { step, _ in
      let first = steps.range(step).lowerBound &* kernels.innerMultiple
      let end = min(inputs, steps.range(step).upperBound &* kernels.innerMultiple)
      kernels.packPanels(
        weights + (first &* outputs), stride: outputs, count: end &- first, columns: outputs,
        into: panels + (first &* kernels.columns), panelStride: panelStride)
    }
  }

  private static func words(
    _ weights: UnsafePointer<Float>, _ packed: UnsafeRawPointer?, outputs: Int, _ kernels: MatrixKernelsBFloat16
  ) -> DenseWords<BFloat16> {
    if let packed { return .packed(packed.assumingMemoryBound(to: BFloat16.self)) }
    return .floats(weights) { block, rows, columns, panels, panelStride in
      kernels.packPanels(
        block, stride: outputs, count: rows, columns: columns, into: panels, panelStride: panelStride)
    }
  }
}
