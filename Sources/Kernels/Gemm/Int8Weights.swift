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

  func scales(_ memory: UnsafeRawPointer) -> UnsafePointer<Float> { memory.assumingMemoryBound(to: Float.self) }
  func sums(_ memory: UnsafeRawPointer) -> UnsafePointer<Int32> {
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
  /// What the sums of a product become: y = scale · sum + bias with the input's and the weights' scales, whose zero
  /// point is taken off where the sums start.
  private struct Columns {
    let start: UnsafePointer<Int32>
    let multipliers: UnsafePointer<Float>
    let offsets: UnsafePointer<Float>
  }

  /// Writes bytes of the quantisation `output`; with `relu`, those of max(0, ·).
  func multiply(
    input: UnsafePointer<UInt8>, _ inputQuantization: Quantization, packed: UnsafeRawPointer,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<UInt8>, _ quantization: Quantization,
    context: ComputeContext
  ) throws {
    let zero = Float(quantization.zeroPoint)
    let columns = try columns(
      inputQuantization, packed: packed, bias: bias, inverseScale: 1 / quantization.scale, zero: zero, context: context)
    try multiply(
      input: input, packed: packed, output: output, columns, lowest: relu ? zero : 0, by: kernels.requantizeRows,
      context: context)
  }

  /// Writes floats; with `relu`, their max(0, ·).
  func multiply(
    input: UnsafePointer<UInt8>, _ inputQuantization: Quantization, packed: UnsafeRawPointer,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let columns = try columns(
      inputQuantization, packed: packed, bias: bias, inverseScale: 1, zero: 0, context: context)
    try multiply(
      input: input, packed: packed, output: output, columns, lowest: relu ? 0 : -.infinity,
      by: kernels.dequantizeRows, context: context)
  }

  private func multiply<Output: BitwiseCopyable>(
    input: UnsafePointer<UInt8>, packed: UnsafeRawPointer, output: UnsafeMutablePointer<Output>, _ columns: Columns,
    lowest: Float, by scaleRows: (RowScaling<Output>) -> Void, context: ComputeContext
  ) throws {
    try tiles.run(input: input, panels: panels(packed), output: output, kernels: kernels, context: context) {
      columns.start[$0]
    } finish: { tile in
      scaleRows(
        RowScaling(
          rows: tile.rows, columns: tile.columns, source: tile.sums, sourceStride: tile.sumStride,
          multipliers: columns.multipliers + tile.firstColumn, offsets: columns.offsets + tile.firstColumn,
          lowest: lowest, target: tile.target, targetStride: tile.targetStride))
    }
  }

  private func columns(
    _ input: Quantization, packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, inverseScale: Float, zero: Float,
    context: ComputeContext
  ) throws -> Columns {
    let (scales, sums) = (scales(packed), sums(packed))
    let memory = try context.shared(bytes: 3 * columnBytes)
    let start = memory.assumingMemoryBound(to: Int32.self)
    let multipliers = (memory + columnBytes).assumingMemoryBound(to: Float.self)
    let offsets = (memory + 2 * columnBytes).assumingMemoryBound(to: Float.self)
    for n in 0..<outputs {
      let offset = bias.map { $0[n] } ?? 0
      guard offset.isFinite else {
        throw EngineError.nonFinite("int8: the bias of output \(n) is \(offset), expected finite biases")
      }
      start[n] = 0 &- Int32(input.zeroPoint) &* sums[n]
      multipliers[n] = input.scale * scales[n] * inverseScale
      offsets[n] = offset * inverseScale + zero
    }
    return Columns(start: start, multipliers: multipliers, offsets: offsets)
  }
}
