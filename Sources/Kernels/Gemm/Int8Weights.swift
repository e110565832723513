import CShims
import KernelTemplates
import Tensors

/// The weights of a convolution or a dense layer in signed bytes with a scale for each output channel:
///
///     scale[n] = max_k |w[k][n]| / 127        q[k][n] = round(w[k][n] / scale[n])        w ≈ q · scale
///
/// In memory: the scales [outputs], the sums Σ_k q[k][n] as Int32 [outputs], and the panels of ``MatrixKernelsInt8``.
struct Int8Weights {
  let tiles: ConvolutionTiles
  let kernels: MatrixKernelsInt8

  private var outputs: Int { tiles.outputChannels }
  private var panelCount: Int { kernels.panelCount(tiles.groupOutputs) }
  /// Whole cache lines.
  private var columnBytes: Int { (outputs * 4 + 63) / 64 * 64 }

  func byteCount() throws -> Int {
    let panels = try Extent.product(
      [tiles.groups, panelCount, tiles.panelElements(kernels)], operation: "packed weights")
    return panels + 2 * columnBytes
  }

  private func scales(_ memory: UnsafeRawPointer) -> UnsafePointer<Float> { memory.assumingMemoryBound(to: Float.self) }
  private func sums(_ memory: UnsafeRawPointer) -> UnsafePointer<Int32> {
    (memory + columnBytes).assumingMemoryBound(to: Int32.self)
  }
  func panels(_ memory: UnsafeRawPointer) -> UnsafePointer<Int8> {
    (memory + 2 * columnBytes).assumingMemoryBound(to: Int8.self)
  }

  /// Rounds and packs finite weights [kernelHeight · kernelWidth · channels][outputs].
  /// - Parameter weightRow: the row of the weights that is multiplied by each element of a window.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a weight that is infinite or NaN.
  func pack(
    _ weights: UnsafePointer<Float>, into memory: UnsafeMutableRawPointer, context: ComputeContext,
    weightRow: (_ element: Int) -> Int = { $0 }
  ) throws {
    let (outputs, groupOutputs, width, runLength) = (outputs, tiles.groupOutputs, kernels.columns, tiles.runLength)
    let count = tiles.innerExtent * outputs
    if let index = try Finite.firstNonFinite(count: count, values: weights, context: context) {
      throw EngineError.nonFinite(
        "int8 weights: weight \(index / outputs) of output \(index % outputs) is \(weights[index]), expected finite "
          + "weights")
    }
    let (quantized, panelCount) = (context.kernels.quantized, panelCount)
    let scales = memory.assumingMemoryBound(to: Float.self)
    let sums = (memory + columnBytes).assumingMemoryBound(to: Int32.self)
    let panels = (memory + 2 * columnBytes).assumingMemoryBound(to: Int8.self)
    let (panelElements, runElements) = (tiles.panelElements(kernels), kernels.runLength(runLength) * width)
    try context.forEach(tiles.groups * panelCount, scratchBytes: width) { item, scratch in
      let first = item / panelCount &* groupOutputs &+ item % panelCount &* width
      let columns = min(width, groupOutputs &- item % panelCount &* width)
      let (scale, sum) = (scales + first, sums + first)
      quantized.writeScales(
        columns: columns, rows: tiles.innerExtent, weights + first, stride: outputs, into: scale)
      sum.update(repeating: 0, count: columns)
      let row = scratch.assumingMemoryBound(to: Int8.self)
      let panel = panels + item &* panelElements
      memset(panel, 0, panelElements)
      for element in 0..<tiles.innerExtent {
        quantized.quantize(columns, weights + (weightRow(element) &* outputs &+ first), scale, row)
        let (run, k) = (element / runLength, element % runLength)
        let quads = panel + (run &* runElements &+ k / 4 &* width &* 4 &+ k % 4)
        for j in 0..<columns {
          quads[4 &* j] = row[j]
          sum[j] &+= Int32(row[j])
        }
      }
    }
  }
}

extension Int8Weights {
  /// - Throws: ``EngineError/nonFinite(_:)`` for a bias that is infinite or NaN.
  func scaling(
    from input: Quantization, to output: Quantization? = nil, packed: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    relu: Bool
  ) throws -> Int8Scaling {
    if let bias, let n = (0..<outputs).first(where: { !bias[$0].isFinite }) {
      throw EngineError.nonFinite("int8: the bias of output \(n) is \(bias[n]), expected finite biases")
    }
    return Int8Scaling(
      input: input, output: output, bias: bias, relu: relu, scales: scales(packed), sums: sums(packed))
  }

  /// Writes the convolution's output.
  /// - Parameter scaleRows: from sums to the kind of output that `scaling` is for.
  func multiply<Output: BitwiseCopyable>(
    input: UnsafePointer<UInt8>, packed: UnsafeRawPointer, scaling: Int8Scaling, output: UnsafeMutablePointer<Output>,
    by scaleRows: (RowScaling<Output>) -> Void, context: ComputeContext
  ) throws {
    let multipliers = try context.shared(bytes: 2 * columnBytes).assumingMemoryBound(to: Float.self)
    let offsets = multipliers + columnBytes / MemoryLayout<Float>.stride
    scaling.write(0..<outputs, multipliers: multipliers, offsets: offsets)
    try tiles.run(
      input: input, panels: panels(packed), output: output, kernels: kernels, context: context, start: scaling.start
    ) { tile in
      scaleRows(
        RowScaling(
          rows: tile.rows, columns: tile.columns, source: tile.sums, sourceStride: tile.sumStride,
          multipliers: multipliers + tile.firstColumn, offsets: offsets + tile.firstColumn, lowest: scaling.lowest,
          target: tile.target, targetStride: tile.targetStride))
    }
  }
}
