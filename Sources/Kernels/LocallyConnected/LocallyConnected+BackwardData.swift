import CShims
import KernelTemplates

extension LocallyConnected {
  /// An item owns a pixel of the input and some panels of its channels, so that nothing is accumulated in memory: the
  /// runs of its product are the output gradients of the positions whose windows read the pixel, in order.
  static func backwardDataByTiles(
    _ map: LocalMap, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (shape, kernels) = (map.shape, context.kernels.matrix)
    let (outputs, width) = (shape.outputChannels, kernels.columns)
    let items = map.itemsByPixel(kernels)
    var layout = ScratchLayout()
    let product = ImageProduct(
      batch: shape.batch, runs: WindowsOverPixel.most(shape), runLength: outputs, kernels: kernels, layout: &layout)
    try context.forEach(items.count, scratchBytes: layout.bytes) { item, scratch in
      let (pixel, columns) = items[item]
      let windows = WindowsOverPixel(shape, pixel: pixel)
      let target = inputGradient + (pixel &* shape.inputChannels)
      guard windows.count > 0 else {
        map.clearPixel(target, columns: columns)
        return
      }
      let runs = product.runs(in: scratch)
      for run in 0..<windows.count { runs[run] = windows[run].position &* outputs }
      product.compute(
        columns: columns, runCount: windows.count, runLength: outputs, left: outputGradient,
        leftStride: map.outputFloats, start: nil, relu: false, output: target, outputStride: map.inputFloats,
        scratch: scratch
      ) { runs, columns, panel in
        for run in runs {
          packTransposedPanel(
            weights + map.weight(windows[run], channel: columns.lowerBound), stride: outputs, count: outputs,
            columns: columns.count, into: panel + ((run &- runs.lowerBound) &* outputs &* width), width: width)
        }
      }
    }
  }

  static func backwardDataByBLAS(
    _ map: LocalMap, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (shape, outputs) = (map.shape, map.shape.outputChannels)
    let items = map.itemsByPixel(context.kernels.matrix)
    try context.forEach(items.count, threads: 1) { item, _ in
      let (pixel, columns) = items[item]
      let windows = WindowsOverPixel(shape, pixel: pixel)
      let target = inputGradient + (pixel &* shape.inputChannels)
      if windows.count == 0 { map.clearPixel(target, columns: columns) }
      for run in 0..<windows.count {
        BLAS.multiply(
          rows: shape.batch, columns: columns.count, inner: outputs,
          left: outputGradient + (windows[run].position &* outputs), leftStride: map.outputFloats,
          right: weights + map.weight(windows[run], channel: columns.lowerBound), rightStride: outputs,
          rightTransposed: true, accumulate: run > 0, output: target + columns.lowerBound,
          outputStride: map.inputFloats)
      }
    }
  }
}

extension LocalMap {
  fileprivate func itemsByPixel(_ kernels: MatrixKernels) -> PlaceItems {
    let sums = WindowsOverPixel.most(shape) * shape.inputChannels * shape.outputChannels
    return PlaceItems(
      places: shape.inputHeight * shape.inputWidth, columns: shape.inputChannels,
      work: shape.batch.saturatingTimes(sums), kernels: kernels)
  }

  /// The weights between an input channel under a tap and a position, one for each output channel.
  fileprivate func weight(_ window: (position: Int, tap: Int), channel: Int) -> Int {
    window.position &* filterFloats &+ (window.tap &* shape.inputChannels &+ channel) &* shape.outputChannels
  }

  /// A pixel that no window reads has a zero gradient.
  fileprivate func clearPixel(_ gradient: UnsafeMutablePointer<Float>, columns: Range<Int>) {
    for m in 0..<shape.batch { memset(gradient + (m &* inputFloats &+ columns.lowerBound), 0, columns.count &* 4) }
  }
}
