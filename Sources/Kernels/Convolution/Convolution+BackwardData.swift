import CShims
import KernelTemplates
import Tensors

extension Convolution {
  /// Stride 1: the input gradient is a correlation of the output gradient.
  static func correlateOutputGradient(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let tiles = ConvolutionTiles(inputGradient: shape)
    let tileShape = tiles.tileShape(context.kernels.matrix)
    let width = tileShape.columns
    let (groupInputs, groupOutputs, outputs) = (shape.groupInputs, shape.groupOutputs, shape.outputChannels)
    let taps = shape.kernelHeight * shape.kernelWidth
    let panelCount = tileShape.panelCount(groupInputs)
    let panelFloats = tiles.innerExtent * width
    let packed = try PackedWeights(
      panels: shape.groups * panelCount, floatsPerPanel: panelFloats, width: width, context: context)

    try context.forEach(shape.groups * panelCount) { item, _ in
      let column = item % panelCount &* width
      let group = item / panelCount
      let panel = packed.panels + (item &* panelFloats)
      for tap in 0..<taps {
        packTransposedPanel(
          weights + (((taps &- 1 &- tap) &* groupInputs &+ column) &* outputs &+ group &* groupOutputs),
          stride: outputs, count: groupOutputs, columns: min(width, groupInputs &- column),
          into: panel + (tap &* groupOutputs &* width), width: width)
      }
      let start = packed.start + (item &* width)
      for j in 0..<width { start[j] = 0 }
    }
    try tiles.run(
      input: outputGradient, panels: packed.panels, start: packed.start, shape: tileShape, relu: false,
      output: inputGradient, context: context)
  }

  /// Any stride: each output pixel's gradient times the transposed weights gives the gradient of its whole window,
  /// [kernelHeight][kernelWidth][channels]; windows overlap, so these are summed in pixel order.
  static func scatterOutputGradient(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (groups, groupInputs) = (shape.groups, shape.groupInputs)
    let imageFloats = shape.inputHeight * shape.inputWidth * shape.inputChannels
    let pixels = shape.outputHeight * shape.outputWidth
    let windowFloats = shape.kernelHeight * shape.kernelWidth * groupInputs
    let blocks = Partition(
      pixels, atMost: max(8 * context.kernels.matrix.rows, BlockSize.strip / 4 / windowFloats))
    var layout = ScratchLayout()
    let windows = try WindowGradients(
      shape, weights: weights, pixels: blocks.largest, layout: &layout, context: context)
    let windowPart = layout.reserve(blocks.largest * windows.stride, of: Float.self)

    try context.forEach(shape.batch * groups, scratchBytes: layout.bytes, threads: windows.threads) { item, scratch in
      let (image, group) = (item / groups, item % groups)
      let gradient = inputGradient + (image &* imageFloats &+ group &* groupInputs)
      for pixel in 0..<(shape.inputHeight &* shape.inputWidth) where groups > 1 {
        memset(gradient + (pixel &* shape.inputChannels), 0, groupInputs &* 4)
      }
      if groups == 1 { memset(gradient, 0, imageFloats &* 4) }
      let window = windowPart.pointer(in: scratch)
      for block in 0..<blocks.parts {
        let range = blocks.range(block)
        windows.compute(
          outputGradient + ((image &* pixels &+ range.lowerBound) &* shape.outputChannels), pixels: range.count,
          group: group, to: window, scratch: scratch)
        for pixel in range {
          addWindow(
            shape, window + ((pixel &- range.lowerBound) &* windows.stride), pixel: pixel, gradient: gradient)
        }
      }
    }
  }

  /// Adds one window's gradient to the image, omitting what lies in the padding.
  static func addWindow(
    _ shape: ConvolutionShape, _ window: UnsafePointer<Float>, pixel: Int, gradient: UnsafeMutablePointer<Float>
  ) {
    let inside = shape.window(at: pixel)
    guard !inside.isEmpty else { return }
    let (channels, width) = (shape.groupInputs, inside.columns.count)
    for p in inside.rows {
      let source = window + ((p &* shape.kernelWidth &+ inside.columns.lowerBound) &* channels)
      let row = inside.pixel &+ (p &- inside.rows.lowerBound) &* shape.inputWidth
      let target = gradient + (row &* shape.inputChannels)
      if shape.groups == 1 {
        add(source, to: target, count: width &* channels)
      } else {
        for q in 0..<width { add(source + (q &* channels), to: target + (q &* shape.inputChannels), count: channels) }
      }
    }
  }

  private static func add(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { target[i] += source[i] }
  }
}
