import KernelTemplates

/// The *units* of a Winograd convolution: pieces of a row of tiles of one image, whose tiles are transformed together.
struct WinogradUnits {
  struct Place {
    let image: Int
    let row: Int
    let segment: Range<Int>
  }

  private let shape: ConvolutionShape
  private let spaceToDepth: SpaceToDepth
  private let transforms: WinogradKernels
  private let tileRows: Int
  private let segments: Partition
  private let stripPart: ScratchLayout.Part<Float>
  private let linePart: ScratchLayout.Part<Float>
  private let squarePart: ScratchLayout.Part<Float>
  /// Outputs along one side of a tile.
  let side: Int

  var count: Int { shape.batch * tileRows * segments.parts }
  /// The most tiles of a unit.
  var largest: Int { segments.largest }

  /// - Parameters:
  ///   - mostTiles: the most tiles of a unit.
  ///   - withGradients: whether tiles of the output gradient are transformed, too.
  ///   - layout: gets the scratch that the transforms need.
  init(
    _ shape: ConvolutionShape, mostTiles: Int, withGradients: Bool, transforms: WinogradKernels,
    layout: inout ScratchLayout
  ) {
    self.shape = shape
    self.transforms = transforms
    spaceToDepth = SpaceToDepth(shape: shape)
    side = transforms.outputs(taps: spaceToDepth.taps)
    tileRows = Partition(shape.outputHeight, atMost: side).parts
    segments = Partition(Partition(shape.outputWidth, atMost: side).parts, atMost: mostTiles)
    let columns = segments.largest * side
    let inputColumns = columns + transforms.inputs - side
    let input = transforms.inputs * inputColumns * spaceToDepth.groupInputs
    stripPart = layout.reserve(max(input, withGradients ? side * columns * shape.groupOutputs : 0), of: Float.self)
    linePart = layout.reserve(spaceToDepth.lineCount(columns: inputColumns), of: Float.self)
    squarePart = layout.reserve(transforms.squareCount, of: Float.self)
  }

  func place(_ unit: Int) -> Place {
    let row = unit / segments.parts
    return Place(image: row / tileRows, row: row % tileRows, segment: segments.range(unit % segments.parts))
  }

  /// Writes the input tiles of a unit, `tileStride` apart, their elements `matrixStride` apart.
  func transformInputs(
    _ place: Place, group: Int, input: UnsafePointer<Float>, to tiles: UnsafeMutablePointer<Float>, tileStride: Int,
    matrixStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    let strip = stripPart.pointer(in: scratch)
    let (columns, channels) = (place.segment.count &* side &+ transforms.inputs &- side, spaceToDepth.groupInputs)
    spaceToDepth.copy(
      image: input + (place.image &* shape.inputHeight &* shape.inputWidth &* shape.inputChannels), group: group,
      first: (place.row &* side, place.segment.lowerBound &* side), rows: transforms.inputs, columns: columns,
      to: strip, line: linePart.pointer(in: scratch))
    transforms.transformInputs(
      self.tiles(place, channels: channels, tileStride: tileStride, matrixStride: matrixStride), strip,
      columns &* channels, tiles, squarePart.pointer(in: scratch))
  }

  /// The same for the tiles of the output gradient; those that reach past the map have zeros there.
  func transformGradients(
    _ place: Place, group: Int, outputGradient: UnsafePointer<Float>, to tiles: UnsafeMutablePointer<Float>,
    tileStride: Int, matrixStride: Int, scratch: UnsafeMutableRawPointer
  ) {
    let copy = stripPart.pointer(in: scratch)
    let strip = ConvolutionStrip(
      inputHeight: shape.outputHeight, inputWidth: shape.outputWidth, inputChannels: shape.outputChannels,
      channels: shape.groupOutputs, width: place.segment.count &* side,
      left: 0 &- place.segment.lowerBound &* side)
    strip.copy(
      image: outputGradient + (place.image &* shape.outputHeight &* shape.outputWidth &* shape.outputChannels),
      firstChannel: group &* strip.channels, firstRow: place.row &* side, rows: side, to: copy)
    transforms.transformGradients(
      self.tiles(place, channels: strip.channels, tileStride: tileStride, matrixStride: matrixStride), copy,
      strip.width &* strip.channels, tiles, squarePart.pointer(in: scratch))
  }

  private func tiles(_ place: Place, channels: Int, tileStride: Int, matrixStride: Int) -> WinogradTiles {
    WinogradTiles(
      count: place.segment.count, taps: spaceToDepth.taps, channels: channels, tileStride: tileStride,
      matrixStride: matrixStride)
  }

  /// Transforms the products of a unit's tiles back to the output, from `channel` on.
  func transformOutputs(
    _ place: Place, products: UnsafePointer<Float>, channel: Int, channels: Int, tileStride: Int, matrixStride: Int,
    bias: UnsafePointer<Float>, relu: Bool, output: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (y, x) = (place.row &* side, place.segment.lowerBound &* side)
    let pixel = (place.image &* shape.outputHeight &+ y) &* shape.outputWidth &+ x
    transforms.transformOutputs(
      tiles(place, channels: channels, tileStride: tileStride, matrixStride: matrixStride), products, bias, relu,
      output + (pixel &* shape.outputChannels &+ channel),
      WinogradMap(
        rows: min(side, shape.outputHeight &- y), columns: shape.outputWidth &- x,
        rowStride: shape.outputWidth &* shape.outputChannels, pixelStride: shape.outputChannels),
      squarePart.pointer(in: scratch))
  }
}
