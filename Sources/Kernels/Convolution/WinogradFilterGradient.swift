import KernelTemplates

/// The filter gradient by Winograd's method, see ``WinogradTemplate``: for each element of a tile a matrix, the sum of
/// outer products of transformed tiles; at the end they are transformed back to the gradient.
///
/// Units come in rounds. A round transforms its tiles of the input and of the output gradient, and adds their products
/// to the matrices; each matrix is read and written once a round.
struct WinogradFilterGradient {
  private let shape: ConvolutionShape
  private let kernels: MatrixKernels
  private let transforms: WinogradKernels
  private let units: WinogradUnits
  private let rounds: Partition
  private let panelCount: Int
  /// Floats from one tile to the next.
  private let inputStride: Int
  private let gradientStride: Int
  /// Floats of a matrix: [input channel][panel][column].
  private let matrixCount: Int
  private let layout: ScratchLayout

  /// Tiles of a round take as many bytes as the matrices, so that reading and writing either costs the same, but no
  /// fewer than these.
  private static let fewestBytes = 4 << 20
  private static let mostTiles = 72
  /// Added to the strides, so that rows with a power of two of channels do not compete for the same cache lines.
  private static let skew = 16

  init(_ shape: ConvolutionShape, kernels table: KernelTable) {
    self.shape = shape
    kernels = table.matrix
    transforms = Winograd.kernels(shape, table)
    var layout = ScratchLayout()
    units = WinogradUnits(shape, mostTiles: Self.mostTiles, transforms: transforms, layout: &layout)
    self.layout = layout
    panelCount = kernels.panelCount(shape.groupOutputs)
    inputStride = shape.groupInputs + Self.skew
    gradientStride = panelCount * kernels.columns + Self.skew
    matrixCount = shape.groupInputs * panelCount * kernels.columns
    let matrices = shape.groups * transforms.elements
    let unitFloats = matrices * units.largest * (inputStride + gradientStride)
    rounds = Partition(units.count, atMost: max(1, max(matrices * matrixCount, Self.fewestBytes / 4) / unitFloats))
  }

  /// Tiles of a round, with room for the largest.
  private var tiles: Int { rounds.largest * units.largest }
  /// Matrices of all groups.
  private var matrices: Int { shape.groups * transforms.elements }
  /// Floats that ``add(input:outputGradient:weightGradient:shared:context:)`` needs.
  var sharedCount: Int { matrices * (matrixCount + tiles * (inputStride + gradientStride)) }

  /// Adds to `weightGradient`.
  func add(
    input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    shared: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (inputs, gradients) = (shared, shared + matrices * tiles * inputStride)
    let products = gradients + matrices * tiles * gradientStride
    for round in 0..<rounds.parts {
      let range = rounds.range(round)
      try context.forEach(2 * range.count * shape.groups, scratchBytes: layout.bytes) { item, scratch in
        let (group, slot) = (item / 2 % shape.groups, item / (2 &* shape.groups))
        let unit = range.lowerBound &+ slot
        if item.isMultiple(of: 2) {
          transformInputs(unit, slot: slot, group: group, input: input, to: inputs, scratch: scratch)
        } else {
          transformGradients(
            unit, slot: slot, group: group, outputGradient: outputGradient, to: gradients, scratch: scratch)
        }
      }
      try context.forEach(matrices) { matrix, _ in
        multiply(
          inputs + (matrix &* tiles &* inputStride), gradients + (matrix &* tiles &* gradientStride),
          count: range.count &* units.largest, adds: round > 0, to: products + (matrix &* matrixCount))
      }
    }
    try context.forEach(shape.groups * panelCount, scratchBytes: transforms.squareCount * 4) { item, scratch in
      transformBack(
        group: item / panelCount, panel: item % panelCount, products: products, to: weightGradient, scratch: scratch)
    }
  }

  private func transformInputs(
    _ unit: Int, slot: Int, group: Int, input: UnsafePointer<Float>, to inputs: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let place = units.place(unit)
    let target = inputs + ((group &* transforms.elements &* tiles &+ slot &* units.largest) &* inputStride)
    units.transformInputs(
      place, group: group, input: input, to: target, tileStride: inputStride, matrixStride: tiles &* inputStride,
      scratch: scratch)
    clear(target, stride: inputStride, tiles: place.segment.count..<units.largest, columns: 0..<shape.groupInputs)
  }

  private func transformGradients(
    _ unit: Int, slot: Int, group: Int, outputGradient: UnsafePointer<Float>,
    to gradients: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let place = units.place(unit)
    let target = gradients + ((group &* transforms.elements &* tiles &+ slot &* units.largest) &* gradientStride)
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
    _ inputs: UnsafePointer<Float>, _ gradients: UnsafePointer<Float>, count: Int, adds: Bool,
    to products: UnsafeMutablePointer<Float>
  ) {
    let (width, stride) = (kernels.columns, panelCount &* kernels.columns)
    let rowBlocks = Partition(shape.groupInputs, atMost: kernels.rows)
    for panel in 0..<panelCount {
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
    group: Int, panel: Int, products: UnsafePointer<Float>, to weightGradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) {
    let (width, outputs) = (kernels.columns, shape.outputChannels)
    let valid = min(width, shape.groupOutputs &- panel &* width)
    let source = products + (group &* transforms.elements &* matrixCount &+ panel &* width)
    let target = weightGradient + (group &* shape.groupOutputs &+ panel &* width)
    for c in 0..<shape.groupInputs {
      transforms.transformKernelGradients(
        shape.kernelHeight, valid, source + (c &* panelCount &* width), matrixCount, target + (c &* outputs),
        shape.groupInputs &* outputs, scratch.assumingMemoryBound(to: Float.self))
    }
  }
}
