import CShims
import KernelTemplates

extension LocallyConnected {
  /// dW = Σ over images of (input under the window) ⊗ (output gradient), an item is a position and some panels of its
  /// output channels. The images act as the pixels of the outer tiles, read in place.
  static func backwardFilterByTiles(
    _ map: LocalMap, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, accumulate: Bool, context: ComputeContext
  ) throws {
    let (shape, kernels) = (map.shape, context.kernels.matrix)
    let (outputs, width) = (shape.outputChannels, kernels.columns)
    let items = map.itemsByPosition(kernels)
    let batches = Partition(shape.batch, atMost: DenseShape.batchBlock)
    var layout = ScratchLayout()
    let panelPart = layout.reserve(batches.largest * width, of: Float.self)
    let spillPart = layout.reserve(kernels.rows * width, of: Float.self)

    try context.forEach(items.count, scratchBytes: layout.bytes) { item, scratch in
      let (position, columns) = items[item]
      let window = shape.window(at: position)
      let gradient = weightGradient + (position &* map.filterFloats)
      if !accumulate { map.clearPadding(of: window, gradient: gradient, columns: columns) }
      let (panel, spill) = (panelPart.pointer(in: scratch), spillPart.pointer(in: scratch))
      let tiles = Partition(window.columns.count &* shape.inputChannels, atMost: kernels.rows)
      guard !window.isEmpty else { return }
      for block in 0..<batches.parts {
        let m = batches.range(block)
        var column = columns.lowerBound
        while column < columns.upperBound {
          let valid = min(width, columns.upperBound &- column)
          kernels.packPanels(
            outputGradient + (m.lowerBound &* map.outputFloats &+ position &* outputs &+ column),
            stride: map.outputFloats, count: m.count, valid: valid, into: panel)
          for p in window.rows {
            let left = input + (m.lowerBound &* map.inputFloats &+ map.offset(of: window, row: p))
            let output = gradient + (map.firstWeight(of: window, row: p) &+ column)
            for tile in 0..<tiles.parts {
              let rows = tiles.range(tile)
              kernels.outerTile(
                rows.count,
                OuterTile(
                  pixelRows: 1, pixelColumns: m.count, left: left + rows.lowerBound, leftRowStride: 0,
                  leftStride: map.inputFloats, right: panel, rightRowStride: 0, rightStride: width,
                  accumulates: accumulate || block > 0, output: output + (rows.lowerBound &* outputs),
                  outputStride: outputs),
                valid: valid, spill: spill)
            }
          }
          column = column &+ width
        }
      }
    }
  }

  static func backwardFilterByBLAS(
    _ map: LocalMap, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, accumulate: Bool, context: ComputeContext
  ) throws {
    let (shape, outputs) = (map.shape, map.shape.outputChannels)
    let items = map.itemsByPosition(context.kernels.matrix)
    try context.forEach(items.count, threads: 1) { item, _ in
      let (position, columns) = items[item]
      let window = shape.window(at: position)
      let gradient = weightGradient + (position &* map.filterFloats)
      if !accumulate { map.clearPadding(of: window, gradient: gradient, columns: columns) }
      for p in window.rows where !window.columns.isEmpty {
        BLAS.multiply(
          rows: window.columns.count &* shape.inputChannels, columns: columns.count, inner: shape.batch,
          left: input + map.offset(of: window, row: p), leftStride: map.inputFloats, leftTransposed: true,
          right: outputGradient + (position &* outputs &+ columns.lowerBound), rightStride: map.outputFloats,
          accumulate: accumulate, output: gradient + (map.firstWeight(of: window, row: p) &+ columns.lowerBound),
          outputStride: outputs)
      }
    }
  }
}

extension LocalMap {
  /// Weights that only meet padding have a zero gradient.
  fileprivate func clearPadding(
    of window: WindowInImage, gradient: UnsafeMutablePointer<Float>, columns: Range<Int>
  ) {
    let (channels, outputs) = (shape.inputChannels, shape.outputChannels)
    for p in 0..<shape.kernelHeight {
      for q in 0..<shape.kernelWidth where !(window.rows.contains(p) && window.columns.contains(q)) {
        let first = (p &* shape.kernelWidth &+ q) &* channels
        for c in 0..<channels {
          memset(gradient + ((first &+ c) &* outputs &+ columns.lowerBound), 0, columns.count &* 4)
        }
      }
    }
  }
}
