import KernelTemplates
import Tensors

extension Convolution {
  static func forwardByTiles(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    packed: UnsafeRawPointer?, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let tiles = ConvolutionTiles(forward: shape)
    let layout = PanelLayout(shape, kernels: context.kernels.matrix)
    let panelBytes = packed == nil ? try packedByteCount(shape, as: Float.self, context: context) : 0
    let memory = try context.shared(bytes: panelBytes + layout.count * layout.width * MemoryLayout<Float>.stride)
    if packed == nil { try pack(shape, as: Float.self, weights: weights, into: memory, context: context) }
    let start = (memory + panelBytes).assumingMemoryBound(to: Float.self)
    for item in 0..<layout.count {
      let columns = layout.columns(item)
      for j in 0..<layout.width {
        start[item &* layout.width &+ j] = j < columns.count ? bias.map { $0[columns.lowerBound &+ j] } ?? 0 : 0
      }
    }
    try tiles.run(
      input: input, panels: (packed ?? UnsafeRawPointer(memory)).assumingMemoryBound(to: Float.self), start: start,
      shape: layout.tiles, relu: relu, output: output, context: context)
  }

  /// Columns of the panels made by ``pack(_:as:weights:into:context:)``; they also depend on the image size.
  public static func panelColumns(_ shape: ConvolutionShape, context: ComputeContext) -> Int {
    PanelLayout(shape, kernels: context.kernels.matrix).width
  }

  /// Bytes of the packed weights for a convolution of that shape and any batch size; 0 if the weights are read in
  /// place.
  public static func packedByteCount(
    _ shape: ConvolutionShape, as type: Float.Type, context: ComputeContext
  ) throws -> Int {
    guard try context.gemm == .swift else { return 0 }
    let layout = PanelLayout(shape, kernels: context.kernels.matrix)
    return try Extent.product(
      [layout.count, layout.inner, layout.width, MemoryLayout<Float>.stride], operation: "packed weights")
  }

  /// Packs the weights for ``forward(_:input:weights:packed:bias:relu:output:context:)`` on this context or one like
  /// it: [group][panel][kernelHeight · kernelWidth · channels][panel columns].
  public static func pack(
    _ shape: ConvolutionShape, as type: Float.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    let layout = PanelLayout(shape, kernels: context.kernels.matrix)
    let panels = memory.assumingMemoryBound(to: Float.self)
    try context.forEach(layout.count) { item, _ in
      let columns = layout.columns(item)
      packPanel(
        weights + columns.lowerBound, stride: shape.outputChannels, count: layout.inner, columns: columns.count,
        into: panels + (item &* layout.inner &* layout.width), width: layout.width)
    }
  }
}

/// Which output channels each packed panel of a convolution's weights holds: those of the groups in sequence.
private struct PanelLayout {
  private let shape: ConvolutionShape
  private let panelsPerGroup: Int
  let tiles: TileShape
  /// Rows of a panel.
  let inner: Int

  init(_ shape: ConvolutionShape, kernels: MatrixKernels) {
    self.shape = shape
    tiles = ConvolutionTiles(forward: shape).tileShape(kernels)
    panelsPerGroup = tiles.panelCount(shape.groupOutputs)
    inner = shape.kernelHeight * shape.kernelWidth * shape.groupInputs
  }

  /// Columns of a panel.
  var width: Int { tiles.columns }
  /// Panels of all groups.
  var count: Int { shape.groups * panelsPerGroup }

  func columns(_ panel: Int) -> Range<Int> {
    let (group, number) = (panel / panelsPerGroup, panel % panelsPerGroup)
    let first = group &* shape.groupOutputs &+ number &* width
    return first..<min(first &+ width, (group &+ 1) &* shape.groupOutputs)
  }
}

/// Room for packed weights and for the initial values of the sums, in the memory shared by items.
struct PackedWeights {
  let panels: UnsafeMutablePointer<Float>
  /// One panel width per panel.
  let start: UnsafeMutablePointer<Float>

  init(panels count: Int, floatsPerPanel: Int, width: Int, context: ComputeContext) throws {
    let floats = try Extent.product([count, floatsPerPanel + width], operation: "packed weights")
    let memory = try context.shared(bytes: floats * 4).assumingMemoryBound(to: Float.self)
    panels = memory
    start = memory + (count * floatsPerPanel)
  }
}
