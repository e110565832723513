import KernelTemplates
import Tensors

extension Convolution {
  static func forwardByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let tiles = ConvolutionTiles(forward: shape)
    let kernels = context.kernels.matrix
    let width = kernels.columns
    let (groupOutputs, outputs, k) = (shape.groupOutputs, shape.outputChannels, tiles.innerExtent)
    let panelCount = kernels.panelCount(groupOutputs)
    let packed = try PackedWeights(
      panels: shape.groups * panelCount, floatsPerPanel: k * width, width: width, context: context)

    try context.forEach(shape.groups * panelCount) { item, _ in
      let column = item % panelCount &* width
      let first = item / panelCount &* groupOutputs &+ column
      let valid = min(width, groupOutputs &- column)
      kernels.packPanels(
        weights + first, stride: outputs, count: k, valid: valid, into: packed.panels + (item &* k &* width))
      let start = packed.start + (item &* width)
      for j in 0..<width { start[j] = 0 }
      if let bias { for j in 0..<valid { start[j] = bias[first &+ j] } }
    }
    try tiles.run(
      input: input, panels: packed.panels, start: packed.start, relu: relu, output: output, context: context)
  }
}

/// Room for packed weights and for what the sums start from, in the memory that items share.
struct PackedWeights {
  let panels: UnsafeMutablePointer<Float>
  /// One panel's width for each panel.
  let start: UnsafeMutablePointer<Float>

  init(panels count: Int, floatsPerPanel: Int, width: Int, context: ComputeContext) throws {
    let floats = try Extent.product([count, floatsPerPanel + width], operation: "packed weights")
    let memory = try context.shared(bytes: floats * 4).assumingMemoryBound(to: Float.self)
    panels = memory
    start = memory + (count * floatsPerPanel)
  }
}
