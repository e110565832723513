import KernelTemplates

extension LocallyConnected {
  /// An item owns a position and some panels of its output channels.
  static func forwardByTiles(
    _ map: LocalMap, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (shape, kernels) = (map.shape, context.kernels.matrix)
    let (batch, outputs) = (shape.batch, shape.outputChannels)
    let items = map.itemsByPosition(kernels)
    var layout = ScratchLayout()
    let product = ImageProduct(
      batch: batch, runs: shape.kernelHeight, runLength: shape.kernelWidth * shape.inputChannels, kernels: kernels,
      layout: &layout)
    try context.forEach(items.count, scratchBytes: layout.bytes) { item, scratch in
      let (position, columns) = items[item]
      let window = shape.window(at: position)
      let (target, first) = (output + (position &* outputs), bias.map { $0 + position * outputs })
      guard !window.isEmpty else {
        map.startRows(target, columns: columns, bias: first, relu: relu)
        return
      }
      let filters = weights + (position &* map.filterFloats)
      let runLength = window.columns.count &* shape.inputChannels
      let runs = product.runs(in: scratch)
      for run in 0..<window.rows.count { runs[run] = map.offset(of: window, row: window.rows.lowerBound &+ run) }
      product.compute(
        columns: columns, runCount: window.rows.count, runLength: runLength, left: input,
        leftStride: map.inputFloats, start: first, relu: relu, output: target, outputStride: map.outputFloats,
        scratch: scratch
      ) { runs, columns, panel in
        for run in runs {
          let weight = map.firstWeight(of: window, row: window.rows.lowerBound &+ run) &+ columns.lowerBound
          kernels.packPanels(
            filters + weight, stride: outputs, count: runLength, valid: columns.count,
            into: panel + ((run &- runs.lowerBound) &* runLength &* kernels.columns))
        }
      }
    }
  }

  /// The same, kernel row by kernel row, with weights read in place: for few images, where packing would cost more than
  /// it saves, and for a BLAS.
  static func forwardByRows(
    _ map: LocalMap, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (shape, kernels, usesBLAS) = (map.shape, context.kernels.matrix, try map.usesBLAS(context))
    let (batch, outputs) = (shape.batch, shape.outputChannels)
    let items = map.itemsByPosition(kernels)
    try context.forEach(items.count, threads: usesBLAS ? 1 : nil) { item, _ in
      let (position, columns) = items[item]
      let window = shape.window(at: position)
      let target = output + (position &* outputs)
      map.startRows(target, columns: columns, bias: bias.map { $0 + position * outputs }, relu: false)
      let runLength = window.columns.count &* shape.inputChannels
      for p in window.rows where runLength > 0 {
        let left = input + map.offset(of: window, row: p)
        let right = weights + (position &* map.filterFloats &+ map.firstWeight(of: window, row: p))
        if usesBLAS {
          BLAS.multiply(
            rows: batch, columns: columns.count, inner: runLength, left: left, leftStride: map.inputFloats,
            right: right + columns.lowerBound, rightStride: outputs, accumulate: true,
            output: target + columns.lowerBound, outputStride: map.outputFloats)
        } else {
          kernels.addWeightedRows(
            WeightedRows(
              weights: left, weightStride: 1, rows: right + columns.lowerBound, rowStride: outputs,
              rowCount: runLength, columns: columns.count, output: target + columns.lowerBound, outputCount: batch,
              outputWeights: map.inputFloats, outputStride: map.outputFloats))
        }
      }
      if relu {
        BLAS.rectify(target + columns.lowerBound, rows: batch, columns: columns.count, stride: map.outputFloats)
      }
    }
  }
}

extension LocalMap {
  func itemsByPosition(_ kernels: MatrixKernels) -> PlaceItems {
    PlaceItems(
      places: positions, columns: shape.outputChannels, work: shape.batch.saturatingTimes(filterFloats),
      kernels: kernels)
  }

  /// The empty sum at one position of every image: its bias, or zeros.
  func startRows(
    _ output: UnsafeMutablePointer<Float>, columns: Range<Int>, bias: UnsafePointer<Float>?, relu: Bool
  ) {
    let target = output + columns.lowerBound
    BLAS.start(
      target, rows: shape.batch, columns: columns.count, stride: outputFloats,
      bias: bias.map { $0 + columns.lowerBound })
    if relu { BLAS.rectify(target, rows: shape.batch, columns: columns.count, stride: outputFloats) }
  }
}
