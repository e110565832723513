import KernelTemplates
import Tensors

extension Convolution {
  /// Writes `output`, rounded once from float32 sums of products with the weights rounded to bfloat16; with `relu`, its
  /// max(0, ·).
  /// - Parameter packed: the weights packed by ``pack(_:as:weights:into:context:)``, for many calls with the same
  ///   weights; nil: the call packs them itself.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "convolution")
    let panels: UnsafeRawPointer
    if let packed {
      panels = packed
    } else {
      let memory = try context.shared(bytes: packedByteCount(shape, as: BFloat16.self, context: context))
      try pack(shape, as: BFloat16.self, weights: weights, into: memory, context: context)
      panels = UnsafeRawPointer(memory)
    }
    try ConvolutionTiles(forward: shape).run(
      input: input, panels: panels.assumingMemoryBound(to: BFloat16.self), bias: bias, relu: relu, output: output,
      kernels: kernels, context: context)
  }

  /// Bytes of the packed weights for a convolution of that shape and any batch size.
  public static func packedByteCount(
    _ shape: ConvolutionShape, as type: BFloat16.Type, context: ComputeContext
  ) throws -> Int {
    let kernels = try context.matrixKernelsBFloat16(operation: "convolution")
    return try Extent.product(
      [
        shape.groups, kernels.panelCount(shape.groupOutputs), ConvolutionTiles(forward: shape).panelElements(kernels),
        MemoryLayout<BFloat16>.stride,
      ], operation: "packed weights")
  }

  /// Packs the weights for the forward pass on this context or one like it: [group][panel][kernelHeight · padded run /
  /// 2][panel columns][2]. `memory` is aligned to a cache line.
  public static func pack(
    _ shape: ConvolutionShape, as type: BFloat16.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "convolution")
    let tiles = ConvolutionTiles(forward: shape)
    let width = kernels.columns
    let (groupOutputs, outputs, run) = (shape.groupOutputs, shape.outputChannels, tiles.runLength)
    let panelCount = kernels.panelCount(groupOutputs)
    let (panelElements, runElements) = (tiles.panelElements(kernels), kernels.runLength(run) * width)
    let panels = memory.assumingMemoryBound(to: BFloat16.self)
    try context.forEach(shape.groups * panelCount) { item, _ in
      let column = item % panelCount &* width
      let first = weights + (item / panelCount &* groupOutputs &+ column)
      for row in 0..<shape.kernelHeight {
        kernels.packPanels(
          first + (row &* run &* outputs), stride: outputs, count: run, columns: min(width, groupOutputs &- column),
          into: panels + (item &* panelElements &+ row &* runElements))
      }
    }
  }
}

extension ConvolutionTiles {
  /// The correlation of images of bfloat16: sums in float32 that begin with the bias and are rounded once.
  func run(
    input: UnsafePointer<BFloat16>, panels: UnsafePointer<BFloat16>, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<BFloat16>, kernels: MatrixKernelsBFloat16, context: ComputeContext
  ) throws {
    try run(input: input, panels: panels, output: output, kernels: kernels, context: context) { column in
      bias.map { $0[column] } ?? 0
    } finish: { tile in
      kernels.narrowRows(
        RowNarrowing(
          rows: tile.rows, columns: tile.columns, source: tile.sums, sourceStride: tile.sumStride, relu: relu,
          target: tile.target, targetStride: tile.targetStride))
    }
  }
}
