import KernelTemplates

/// How the work of a Winograd convolution is divided, and the work of one item.
///
/// An item transforms the tiles of some units, multiplies them by the transformed weights of some panels (a matrix
/// product for each element of a tile), and transforms the products back: its tiles and products stay in the caches, and the weights are
/// read once. If there are few units, they are divided by panels too; where that gives many items with the same tiles,
/// these are transformed beforehand, once for all.
struct WinogradPlan {
  private let shape: ConvolutionShape
  /// Input channels of one group.
  private let groupInputs: Int
  private let kernels: MatrixKernels
  /// Of a transformed tile.
  private let elements: Int
  private let units: WinogradUnits
  private let blocks: Partition
  private let panelBlocks: Partition
  private let panelCount: Int
  /// Floats from one tile to the next, as input and as product.
  private let inputStride: Int
  private let productStride: Int
  /// The most tiles in an item.
  private let capacity: Int
  /// The most panels whose products an item has at a time.
  private let panelsAtOnce: Int
  /// Whether tiles are transformed beforehand, in memory shared by items: [group][element][unit][tile][channel].
  private let sharesInput: Bool
  /// Floats from one element of the tiles to the next.
  private let inputMatrix: Int
  private let inputPart: ScratchLayout.Part<Float>
  private let productPart: ScratchLayout.Part<Float>
  private let startPart: ScratchLayout.Part<Float>
  private let leftPart: ScratchLayout.Part<UnsafePointer<Float>>
  private let runPart: ScratchLayout.Part<Int>

  private let layout: ScratchLayout
  /// Floats of the tiles that are transformed beforehand.
  var sharedCount: Int { sharesInput ? shape.groups * elements * inputMatrix : 0 }

  /// Tiles in an item: two row tiles of the widest instruction set. With more, tiles and products leave the cache, which
  /// costs more than reading the weights less often saves.
  private static let blockTiles = 24
  /// Up to this many tiles in all are one block, so that the weights are read once.
  private static let fewTiles = 72
  /// Fewer items than this are divided by panels too.
  private static let fewestItems = 8
  /// Up to this many items each transform the same tiles, and keep them in their own cache.
  private static let mostTransforms = 4
  /// Floats of products that stay in an item's cache until they are transformed back.
  private static let productFloats = 192 << 10
  /// Added to the strides, so that rows with a power of two of channels do not compete for the same cache lines.
  private static let skew = 16

  init(_ shape: ConvolutionShape, kernels table: KernelTable) {
    self.shape = shape
    groupInputs = SpaceToDepth(shape: shape).groupInputs
    kernels = table.matrix
    let transforms = Winograd.kernels(shape, table)
    elements = transforms.elements
    var layout = ScratchLayout()
    units = WinogradUnits(
      shape, mostTiles: Self.blockTiles, withGradients: false, transforms: transforms, layout: &layout)
    let isOneBlock = units.count.saturatingTimes(units.largest) <= Self.fewTiles
    blocks = Partition(units.count, atMost: isOneBlock ? units.count : max(1, Self.blockTiles / units.largest))
    panelCount = kernels.panelCount(shape.groupOutputs)
    let others = blocks.parts * shape.groups
    panelBlocks = Partition(panelCount, parts: (Self.fewestItems + others - 1) / others)
    inputStride = groupInputs + Self.skew
    capacity = blocks.largest * units.largest
    panelsAtOnce = Self.panelsAtOnce(
      panelBlocks.largest, panelFloats: elements * capacity * kernels.columns,
      inputFloats: elements * capacity * inputStride)
    productStride = panelsAtOnce * kernels.columns + Self.skew
    sharesInput = panelBlocks.parts > Self.mostTransforms
    inputMatrix = (sharesInput ? blocks.count : blocks.largest) * units.largest * inputStride

    inputPart = layout.reserve(sharesInput ? 0 : elements * inputMatrix, of: Float.self)
    productPart = layout.reserve(elements * capacity * productStride, of: Float.self)
    startPart = layout.reserve(panelsAtOnce * kernels.columns, of: Float.self)
    leftPart = layout.reserve(capacity, of: UnsafePointer<Float>.self)
    runPart = layout.reserve(1, of: Int.self)
    self.layout = layout
  }

  /// All panels, or as many as have products that stay in the cache, if reading the tiles again for each part of the
  /// panels takes less than writing and reading the products in memory would.
  private static func panelsAtOnce(_ panels: Int, panelFloats: Int, inputFloats: Int) -> Int {
    let cached = max(1, productFloats / panelFloats)
    let parts = (panels + cached - 1) / cached
    return (parts - 1) * inputFloats <= 2 * panels * panelFloats ? min(cached, panels) : panels
  }

  /// Computes the whole convolution.
  /// - Parameters:
  ///   - weights: transformed by ``Winograd/transformWeights(_:weights:into:context:)``.
  ///   - shared: ``sharedCount`` floats.
  func correlate(
    input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, shared: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try context.forEach(sharesInput ? units.count * shape.groups : 0, scratchBytes: layout.bytes) { item, scratch in
      transform(item, input: input, into: shared, scratch: scratch)
    }
    try context.forEach(blocks.parts * shape.groups * panelBlocks.parts, scratchBytes: layout.bytes) { item, scratch in
      run(
        item, input: input, shared: shared, weights: weights, bias: bias, relu: relu, output: output,
        scratch: scratch)
    }
  }

  /// Transforms the tiles of a unit for one group.
  private func transform(
    _ item: Int, input: UnsafePointer<Float>, into shared: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (unit, group) = (item / shape.groups, item % shape.groups)
    units.transformInputs(
      units.place(unit), group: group, input: input, to: shared + sharedTiles(unit, group: group),
      tileStride: inputStride, matrixStride: inputMatrix, scratch: scratch)
  }

  /// A unit's tiles in the memory shared by items.
  private func sharedTiles(_ unit: Int, group: Int) -> Int {
    group &* elements &* inputMatrix &+ unit &* units.largest &* inputStride
  }

  private func run(
    _ item: Int, input: UnsafePointer<Float>, shared: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let panels = panelBlocks.range(item % panelBlocks.parts)
    let group = item / panelBlocks.parts % shape.groups
    let own = blocks.range(item / (panelBlocks.parts &* shape.groups))
    let left = leftPart.pointer(in: scratch)
    var count = 0
    for unit in own {
      let place = units.place(unit)
      var tiles = shared + sharedTiles(unit, group: group)
      if !sharesInput {
        let target = inputPart.pointer(in: scratch) + (count &* inputStride)
        units.transformInputs(
          place, group: group, input: input, to: target, tileStride: inputStride, matrixStride: inputMatrix,
          scratch: scratch)
        tiles = UnsafePointer(target)
      }
      for tile in 0..<place.segment.count { left[count &+ tile] = tiles + (tile &* inputStride) }
      count = count &+ place.segment.count
    }
    let parts = Partition(panels.count, atMost: panelsAtOnce)
    for part in 0..<parts.parts {
      let range = parts.range(part)
      let those = panels.lowerBound &+ range.lowerBound..<panels.lowerBound &+ range.upperBound
      compute(
        own, group: group, panels: those, left, tiles: count, weights: weights, bias: bias, relu: relu, output: output,
        scratch: scratch)
    }
  }

  /// The outputs of some panels, from the tiles of the units.
  private func compute(
    _ own: Range<Int>, group: Int, panels: Range<Int>, _ left: UnsafePointer<UnsafePointer<Float>>, tiles: Int,
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let start = startPart.pointer(in: scratch)
    start.update(repeating: 0, count: panels.count &* kernels.columns)
    multiply(
      left, tiles: tiles, panels: panels, weights: weights + group &* elements &* panelCount &* panelFloats,
      start: start, scratch: scratch)

    let channel = group &* shape.groupOutputs &+ panels.lowerBound &* kernels.columns
    let channels = min(panels.count &* kernels.columns, shape.groupOutputs &- panels.lowerBound &* kernels.columns)
    // A copy, because the transform reads whole vectors; the products no longer need the zeros.
    if let bias { start.update(from: bias + channel, count: channels) }
    var count = 0
    for unit in own {
      let place = units.place(unit)
      units.transformOutputs(
        place, products: productPart.pointer(in: scratch) + (count &* productStride), channel: channel,
        channels: channels, tileStride: productStride, matrixStride: capacity &* productStride, bias: start,
        relu: relu, output: output, scratch: scratch)
      count = count &+ place.segment.count
    }
  }

  /// Floats of a panel of transformed weights.
  private var panelFloats: Int { groupInputs &* kernels.columns }

  /// For each element: products [tiles][outputs] = inputs [tiles][inputs] · weights.
  private func multiply(
    _ left: UnsafePointer<UnsafePointer<Float>>, tiles count: Int, panels: Range<Int>, weights: UnsafePointer<Float>,
    start: UnsafePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (run, products) = (runPart.pointer(in: scratch), productPart.pointer(in: scratch))
    let (width, rowBlocks) = (kernels.columns, Partition(count, atMost: kernels.rows))
    for element in 0..<elements {
      run[0] = element &* inputMatrix
      for panel in panels {
        let isNarrow = shape.groupOutputs &- panel &* width <= width / 2
        let kernel = isNarrow ? kernels.narrowRowTile : kernels.rowTile
        let column = (panel &- panels.lowerBound) &* width
        for block in 0..<rowBlocks.parts {
          let rows = rowBlocks.range(block)
          kernel(
            rows.count,
            RowTile(
              left: left + rows.lowerBound, runOffsets: run, runCount: 1, runLength: groupInputs,
              panel: weights + (element &* panelCount &+ panel) &* panelFloats, panelWidth: width, start: start,
              relu: false, output: products + ((element &* capacity &+ rows.lowerBound) &* productStride &+ column),
              outputStride: productStride))
        }
      }
    }
  }
}
