import CShims
import KernelTemplates
import Tensors

extension Convolution {
  /// Writes `inputGradient`, rounded once from float32 sums of products with the weights rounded to bfloat16.
  /// - Throws: ``EngineError/unsupported(_:)`` if the kernel table has no bfloat16.
  public static func backwardData(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let kernels = try context.matrixKernelsBFloat16(operation: "convolution")
    if shape.strideHeight == 1, shape.strideWidth == 1 {
      try correlateOutputGradient(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, kernels: kernels,
        context: context)
    } else {
      try scatterOutputGradient(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, kernels: kernels,
        context: context)
    }
  }

  /// Stride 1: the input gradient is a correlation of the output gradient.
  private static func correlateOutputGradient(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<BFloat16>, kernels: MatrixKernelsBFloat16, context: ComputeContext
  ) throws {
    let tiles = ConvolutionTiles(inputGradient: shape)
    let width = kernels.columns
    let (groupInputs, groupOutputs, outputs) = (shape.groupInputs, shape.groupOutputs, shape.outputChannels)
    let panelCount = kernels.panelCount(groupInputs)
    let (panelElements, run) = (tiles.panelElements(kernels), kernels.runLength(tiles.runLength))
    let bytes = try Extent.product([shape.groups, panelCount, panelElements, 2], operation: "packed weights")
    let panels = try context.shared(bytes: bytes).assumingMemoryBound(to: BFloat16.self)
    var layout = ScratchLayout()
    let transposition = PanelTransposition(length: run, kernels: kernels, layout: &layout, context: context)

    try context.forEach(shape.groups * panelCount, scratchBytes: layout.bytes) { item, scratch in
      let column = item % panelCount &* width
      let first = weights + (column &* outputs &+ item / panelCount &* groupOutputs)
      for p in 0..<shape.kernelHeight {
        let rows = transposition.rows(in: scratch)
        for q in 0..<shape.kernelWidth {
          let tap = (shape.kernelHeight &- 1 &- p) &* shape.kernelWidth &+ shape.kernelWidth &- 1 &- q
          kernels.narrowRows(
            RowNarrowing(
              rows: min(width, groupInputs &- column), columns: groupOutputs,
              source: first + (tap &* groupInputs &* outputs), sourceStride: outputs, relu: false,
              target: rows + (q &* groupOutputs), targetStride: transposition.stride))
        }
        transposition.pack(in: scratch, into: panels + (item &* panelElements &+ p &* run &* width))
      }
    }
    try tiles.run(
      input: outputGradient, panels: panels, bias: nil, relu: false, output: inputGradient, kernels: kernels,
      context: context)
  }

  /// Any stride: the gradients of all windows of an image's group are summed in float32, in pixel order, and then
  /// rounded.
  private static func scatterOutputGradient(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<BFloat16>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<BFloat16>, kernels: MatrixKernelsBFloat16, context: ComputeContext
  ) throws {
    let (groups, groupInputs, groupOutputs) = (shape.groups, shape.groupInputs, shape.groupOutputs)
    let group = try ConvolutionShape(
      batch: 1, inputHeight: shape.inputHeight, inputWidth: shape.inputWidth, inputChannels: groupInputs,
      outputChannels: groupOutputs, kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth,
      strideHeight: shape.strideHeight, strideWidth: shape.strideWidth, padding: shape.padding, groups: 1)
    let inputPixels = shape.inputHeight * shape.inputWidth
    let pixels = shape.outputHeight * shape.outputWidth
    let windowFloats = shape.kernelHeight * shape.kernelWidth * groupInputs
    let blocks = Partition(pixels, atMost: max(8 * kernels.rows, BlockSize.strip / 4 / windowFloats))
    var layout = ScratchLayout()
    let windows = try WindowGradientsBFloat16(
      shape, weights: weights, pixels: blocks.largest, kernels: kernels, layout: &layout, context: context)
    let windowPart = layout.reserve(blocks.largest * windows.stride, of: Float.self)
    let sumPart = layout.reserve(inputPixels * groupInputs, of: Float.self)

    try context.forEach(shape.batch * groups, scratchBytes: layout.bytes) { item, scratch in
      let (image, number) = (item / groups, item % groups)
      let (window, sums) = (windowPart.pointer(in: scratch), sumPart.pointer(in: scratch))
      memset(sums, 0, inputPixels &* groupInputs &* 4)
      for block in 0..<blocks.parts {
        let range = blocks.range(block)
        windows.compute(
          outputGradient + ((image &* pixels &+ range.lowerBound) &* shape.outputChannels), pixels: range.count,
          group: number, to: window, scratch: scratch)
        for pixel in range {
          addWindow(group, window + ((pixel &- range.lowerBound) &* windows.stride), pixel: pixel, gradient: sums)
        }
      }
      kernels.narrowRows(
        RowNarrowing(
          rows: inputPixels, columns: groupInputs, source: sums, sourceStride: groupInputs, relu: false,
          target: inputGradient + (image &* inputPixels &* shape.inputChannels &+ number &* groupInputs),
          targetStride: shape.inputChannels))
    }
  }
}

/// The product dY · Wᵀ for some pixels: the gradient of each pixel's window, in float32.
private struct WindowGradientsBFloat16 {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernelsBFloat16
  private let panels: UnsafePointer<BFloat16>
  private let panelCount: Int
  /// Elements of a padded row of dY.
  private let run: Int
  private let rowPart: ScratchLayout.Part<BFloat16>
  private let startPart: ScratchLayout.Part<Float>

  /// Floats from one window to the next; the first kernelHeight · kernelWidth · channels are used.
  let stride: Int

  /// Packs the transposed weights.
  /// - Parameters:
  ///   - pixels: the most in one call of ``compute(_:pixels:group:to:scratch:)``.
  ///   - layout: reserves its scratch here.
  init(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, pixels: Int, kernels: MatrixKernelsBFloat16,
    layout: inout ScratchLayout, context: ComputeContext
  ) throws {
    self.shape = shape
    self.kernels = kernels
    let width = kernels.columns
    let (k, columns) = (shape.groupOutputs, shape.kernelHeight * shape.kernelWidth * shape.groupInputs)
    let run = kernels.runLength(k)
    let count = kernels.panelCount(columns)
    (self.run, panelCount, stride) = (run, count, count * width)
    rowPart = layout.reserve(pixels * run, of: BFloat16.self)
    startPart = layout.reserve(width, of: Float.self)

    let bytes = try Extent.product([shape.groups, count, run, width, 2], operation: "packed weights")
    let panels = try context.shared(bytes: bytes).assumingMemoryBound(to: BFloat16.self)
    self.panels = UnsafePointer(panels)
    var packing = ScratchLayout()
    let transposition = PanelTransposition(length: run, kernels: kernels, layout: &packing, context: context)
    try context.forEach(shape.groups * count, scratchBytes: packing.bytes) { item, scratch in
      let column = item % count &* width
      kernels.narrowRows(
        RowNarrowing(
          rows: min(width, columns &- column), columns: k,
          source: weights + (column &* shape.outputChannels &+ item / count &* k), sourceStride: shape.outputChannels,
          relu: false, target: transposition.rows(in: scratch), targetStride: transposition.stride))
      transposition.pack(in: scratch, into: panels + (item &* run &* width))
    }
  }

  /// - Parameters:
  ///   - gradient: the output gradient from the first pixel on, all channels.
  ///   - windows: [pixels][stride], written.
  func compute(
    _ gradient: UnsafePointer<BFloat16>, pixels: Int, group: Int, to windows: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let (k, width) = (shape.groupOutputs, kernels.columns)
    let (rows, start) = (rowPart.pointer(in: scratch), startPart.pointer(in: scratch))
    memset(rows, 0, pixels &* run &* 2)
    copyRows(
      gradient + (group &* k), stride: shape.outputChannels, rows: pixels, columns: k, into: rows, targetStride: run)
    memset(start, 0, width &* 4)
    for panel in 0..<panelCount {
      kernels.multiply(
        rowCount: pixels, left: rows, leftStride: run, runLength: run,
        panel: panels + ((group &* panelCount &+ panel) &* run &* width), start: start,
        output: windows + (panel &* width), outputStride: stride)
    }
  }
}
