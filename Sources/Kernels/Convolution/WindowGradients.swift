import KernelTemplates
import Tensors

/// The product dY · Wᵀ for some pixels: the gradient of each pixel's window.
struct WindowGradients {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernels
  private let gemm: GemmProvider
  private let weights: UnsafePointer<Float>
  private let packed: PackedWeights?
  private let windowFloats: Int
  private let panelCount: Int
  private let leftPart: ScratchLayout.Part<UnsafePointer<Float>>
  private let runPart: ScratchLayout.Part<Int>

  /// Floats from one window to the next; the first kernelHeight · kernelWidth · channels are used.
  let stride: Int

  /// Packs the transposed weights if the engine's own kernels will read them.
  /// - Parameters:
  ///   - pixels: the most in one call of ``compute(_:pixels:group:to:scratch:)``.
  ///   - layout: reserves its scratch here.
  init(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, pixels: Int, layout: inout ScratchLayout,
    context: ComputeContext
  ) throws {
    leftPart = layout.reserve(pixels, of: UnsafePointer<Float>.self)
    runPart = layout.reserve(1, of: Int.self)
    self.shape = shape
    self.weights = weights
    kernels = context.kernels.matrix
    gemm = try context.gemm
    windowFloats = shape.kernelHeight * shape.kernelWidth * shape.groupInputs
    panelCount = kernels.panelCount(windowFloats)
    let width = kernels.columns
    guard gemm == .swift else {
      packed = nil
      stride = windowFloats
      return
    }
    stride = panelCount * width
    let (k, columns, count) = (shape.groupOutputs, windowFloats, panelCount)
    let packed = try PackedWeights(
      panels: shape.groups * count, floatsPerPanel: k * width, width: width, context: context)
    self.packed = packed
    try context.forEach(shape.groups * count) { item, _ in
      let column = item % count &* width
      packTransposedPanel(
        weights + (column &* shape.outputChannels &+ item / count &* k), stride: shape.outputChannels, count: k,
        columns: min(width, columns &- column), into: packed.panels + (item &* k &* width), width: width)
      for j in 0..<width { packed.start[item &* width &+ j] = 0 }
    }
  }

  /// BLAS uses its own threads.
  var threads: Int? { gemm == .openblas ? 1 : nil }

  /// - Parameters:
  ///   - gradient: the output gradient from the first pixel on, all channels.
  ///   - windows: [pixels][stride], written.
  func compute(
    _ gradient: UnsafePointer<Float>, pixels: Int, group: Int, to windows: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let (k, outputs) = (shape.groupOutputs, shape.outputChannels)
    guard let packed else {
      BLAS.multiply(
        rows: pixels, columns: windowFloats, inner: k, left: gradient + (group &* k), leftStride: outputs,
        right: weights + (group &* k), rightStride: outputs, rightTransposed: true, accumulate: false,
        output: windows, outputStride: stride)
      return
    }
    let (left, run) = (leftPart.pointer(in: scratch), runPart.pointer(in: scratch))
    run[0] = 0
    for pixel in 0..<pixels { left[pixel] = gradient + (pixel &* outputs &+ group &* k) }
    let tiles = Partition(pixels, atMost: kernels.rows)
    for panel in 0..<panelCount {
      let index = group &* panelCount &+ panel
      for tile in 0..<tiles.parts {
        let rows = tiles.range(tile)
        kernels.rowTile(
          rows.count,
          RowTile(
            left: left + rows.lowerBound, runOffsets: run, runCount: 1, runLength: k,
            panel: packed.panels + (index &* k &* kernels.columns), panelWidth: kernels.columns,
            start: packed.start + (index &* kernels.columns), relu: false,
            output: windows + (rows.lowerBound &* stride &+ panel &* kernels.columns), outputStride: stride))
      }
    }
  }
}
