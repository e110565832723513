import KernelTemplates

/// The filter gradient by Winograd's method, see ``WinogradTemplate``: for each element of a tile a matrix, the sum of
/// outer products of transformed tiles; at the end they are transformed back to the gradient.
///
/// Units come in rounds. A round transforms its tiles of the input and of the output gradient, and adds their products
/// to the matrices; each matrix is read and written once a round.
struct WinogradFilterGradient {
  private let shape: ConvolutionShape
  private let spaceToDepth: SpaceToDepth
  private let kernels: MatrixKernels
  private let transforms: WinogradKernels
  private let units: WinogradUnits
  /// Groups that are computed at once.
  private let groupBlocks: Partition
  private let rounds: Partition
  private let panelCount: Int
  /// Panels of an item.
  private let panelBlocks: Partition
  /// Floats from one tile to the next.
  private let inputStride: Int
  private let gradientStride: Int
  /// Floats of a matrix: [input channel][panel][column].
  private let matrixCount: Int
  private let layout: ScratchLayout

  /// Tiles of a round take as many bytes as the matrices, so that reading and writing either costs the same, within
  /// these bounds.
  private static let roundBytes = 4 << 20...32 << 20
  /// As many groups are computed at once as have matrices of about so many bytes.
  private static let matrixBytes = 32 << 20
  private static let mostTiles = 72
  /// Added to the strides, so that rows with a power of two of channels do not compete for the same cache lines.
  private static let skew = 16

  init(_ shape: ConvolutionShape, kernels table: KernelTable) {
    self.shape = shape
    spaceToDepth = SpaceToDepth(shape: shape)
    kernels = table.matrix
    transforms = Winograd.kernels(shape, table)
    var layout = ScratchLayout()
    units = WinogradUnits(
      shape, mostTiles: Self.mostTiles, withGradients: true, transforms: transforms, layout: &layout)
    self.layout = layout
    panelCount = kernels.panelCount(shape.groupOutputs)
    inputStride = spaceToDepth.groupInputs + Self.skew
    gradientStride = panelCount * kernels.columns + Self.skew
    matrixCount = spaceToDepth.groupInputs * panelCount * kernels.columns
    let groupBytes = transforms.elements * matrixCount * MemoryLayout<Float>.stride
    groupBlocks = Partition(shape.groups, atMost: max(1, Self.matrixBytes / groupBytes))
    let unitBytes = transforms.elements * units.largest * (inputStride + gradientStride) * MemoryLayout<Float>.stride
    let roundBytes = min(max(groupBlocks.largest * groupBytes, Self.roundBytes.lowerBound), Self.roundBytes.upperBound)
    rounds = Partition(units.count, atMost: max(1, roundBytes / (groupBlocks.largest * unitBytes)))
    let matrices = groupBlocks.largest * transforms.elements
    let work = (rounds.largest * units.largest).saturatingTimes(matrixCount)
    panelBlocks = Partition(
      panelCount, parts: max((BlockSize.items + matrices - 1) / matrices, work / BlockSize.itemWork))
  }

  /// Tiles of a round, with room for the largest.
  private var tiles: Int { rounds.largest * units.largest }
  /// Floats that ``add(input:outputGradient:weightGradient:shared:context:)`` needs.
  var sharedCount: Int {
    groupBlocks.largest * transforms.elements * (matrixCount + tiles * (inputStride + gradientStride))
  }

  /// Adds to `weightGradient`.
  func add(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    shared: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let matrices = groupBlocks.largest * transforms.elements
    let (inputs, gradients) = (shared, shared + matrices * tiles * inputStride)
    let products = gradients + matrices * tiles * gradientStride
    for block in 0..<groupBlocks.parts {
      let groups = groupBlocks.range(block)
      for round in 0..<rounds.parts {
        let range = rounds.range(round)
        try context.forEach(2 * range.count * groups.count, scratchBytes: layout.bytes) { item, scratch in
          let (group, slot) = (item / 2 % groups.count, item / (2 &* groups.count))
          let (unit, first) = (range.lowerBound &+ slot, group &* transforms.elements &* tiles &+ slot &* units.largest)
          if item.isMultiple(of: 2) {
            transformInputs(
              unit, group: groups.lowerBound &+ group, input: input, to: inputs + (first &* inputStride),
              scratch: scratch)
          } else {
            transformGradients(
              unit, group: groups.lowerBound &+ group, outputGradient: outputGradient,
              to: gradients + (first &* gradientStride), scratch: scratch)
          }
        }
        try context.forEach(groups.count * transforms.elements * panelBlocks.parts) { item, _ in
          let matrix = item / panelBlocks.parts
          multiply(
            inputs + (matrix &* tiles &* inputStride), gradients + (matrix &* tiles &* gradientStride),
            count: range.count &* units.largest, panels: panelBlocks.range(item % panelBlocks.parts), adds: round > 0,
            to: products + (matrix &* matrixCount))
        }
      }
      let scratchBytes = transforms.squareCount * MemoryLayout<Float>.stride
      try context.forEach(groups.count * panelCount, scratchBytes: scratchBytes) { item, scratch in
        let (group, panel) = (item / panelCount, item % panelCount)
        transformBack(
          products + (group &* transforms.elements &* matrixCount), group: groups.lowerBound &+ group, panel: panel,
          to: weightGradient, scratch: scratch)
      }
    }
  }

  private func transformInputs(
    _ unit: Int, group: Int, input: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let place = units.place(unit)
    units.transformInputs(
      place, group: group, input: input, to: target, tileStride: inputStride, matrixStride: tiles &* inputStride,
      scratch: scratch)
    clear(
      target, stride: inputStride, tiles: place.segment.count..<units.largest, columns: 0..<spaceToDepth.groupInputs)
  }

  private func transformGradients(
    _ unit: Int, group: Int, outputGradient: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let place = units.place(unit)
    units.transformGradients(
      place, group: group, outputGradient: outputGradient, to: target, tileStride: gradientStride,
      matrixStride: tiles &* gradientStride, scratch: scratch)
    let columns = panelCount &* kernels.columns
    clear(
      target, stride: gradientStride, tiles: 0..<place.segment.count, columns: shape.groupOutputs..<columns)
    clear(target, stride: gradientStride, tiles: place.segment.count..<units.largest, columns: 0..<columns)
  }

  /// Writes zeros where a unit has no tile, or a panel no channel.
  private func clear(_ target: UnsafeMutablePointer<Float>, stride: Int, tiles own: Range<Int>, columns: Range<Int>) {
    guard !own.isEmpty, !columns.isEmpty else { return }
    for element in 0..<transforms.elements {
      for tile in own {
        let row = target + ((element &* tiles &+ tile) &* stride)
        (row + columns.lowerBound).update(repeating: 0, count: columns.count)
      }
    }
  }

  /// One of the matrices: [inputs][outputs] = Σ over tiles of input ⊗ output gradient.
  private func multiply(
    _ inputs: UnsafePointer<Float>, _ gradients: UnsafePointer<Float>, count: Int, panels: Range<Int>, adds: Bool,
    to products: UnsafeMutablePointer<Float>
  ) {
    let (width, stride) = (kernels.columns, panelCount &* kernels.columns)
    let rowBlocks = Partition(spaceToDepth.groupInputs, atMost: kernels.rows)
    for panel in panels {
      for block in 0..<rowBlocks.parts {
        let rows = rowBlocks.range(block)
        kernels.outerTile(
          rows.count,
          OuterTile(
            pixelRows: 1, pixelColumns: count, left: inputs + rows.lowerBound, leftRowStride: 0,
            leftStride: inputStride, right: gradients + (panel &* width), rightRowStride: 0,
            rightStride: gradientStride, accumulates: adds,
            output: products + (rows.lowerBound &* stride &+ panel &* width), outputStride: stride))
      }
    }
  }

  private func transformBack(
    _ products: UnsafePointer<Float>, group: Int, panel: Int, to weightGradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let width = kernels.columns
    let valid = min(width, shape.groupOutputs &- panel &* width)
    let source = products + (panel &* width)
    let target = weightGradient + (group &* shape.groupOutputs &+ panel &* width)
    for c in 0..<spaceToDepth.groupInputs {
      let (taps, offset) = spaceToDepth.kernels(of: c)
      transforms.transformKernelGradients(
        taps, valid, source + (c &* panelCount &* width), matrixCount, target + offset,
        scratch.assumingMemoryBound(to: Float.self))
    }
  }
}
