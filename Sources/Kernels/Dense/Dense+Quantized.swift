import KernelTemplates
import Tensors

/// Dense layers with signed-byte weights and a scale for each output: a quarter of the memory to read.
///
///     scale[n] = max_k |w[k][n]| / 127        q[k][n] = round(w[k][n] / scale[n])        w ≈ q · scale
///
/// Halves are rounded to even; no weight is off by more than (1/2 + 127 ε) · scale. Inputs, sums and outputs
/// are float32.
extension Dense {
  /// Bytes that ``quantize(inputs:outputs:weights:into:context:)`` writes.
  public static func quantizedByteCount(inputs: Int, outputs: Int) throws -> Int {
    let shape = try DenseShape(batch: 1, inputs: inputs, outputs: outputs)
    return QuantizedDenseWeights.scaleBytes(outputs: outputs) + shape.inputs * shape.outputs
  }

  /// Quantises finite weights [inputs][outputs]: the scales [outputs], then the bytes [inputs][outputs].
  ///
  /// An output whose weights are all zero, or too small for a normal float32 scale, gets zeros.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a weight that is infinite or NaN.
  public static func quantize(
    inputs: Int, outputs: Int, weights: UnsafePointer<Float>, into memory: UnsafeMutableRawPointer,
    context: ComputeContext
  ) throws {
    if let index = try Finite.firstNonFinite(count: inputs * outputs, values: weights, context: context) {
      throw EngineError.nonFinite(
        "int8 weights: the weight from input \(index / outputs) to output \(index % outputs) is \(weights[index]), "
          + "expected finite weights")
    }
    let kernels = context.kernels.quantized
    let scales = memory.assumingMemoryBound(to: Float.self)
    let bytes = (memory + QuantizedDenseWeights.scaleBytes(outputs: outputs)).assumingMemoryBound(to: Int8.self)
    let blocks = Partition(outputs, atMost: DenseShape.ownedColumns)
    try context.forEach(blocks.parts) { block, _ in
      let columns = blocks.range(block)
      let scale = scales + columns.lowerBound
      kernels.writeScales(
        columns: columns.count, rows: inputs, weights + columns.lowerBound, stride: outputs, into: scale)
      for k in 0..<inputs {
        let row = k &* outputs &+ columns.lowerBound
        kernels.quantize(columns.count, weights + row, scale, bytes + row)
      }
    }
  }

  /// Writes `output`; with `relu`, its max(0, ·). `quantized` was written by
  /// ``quantize(inputs:outputs:weights:into:context:)``.
  public static func forward(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<Float>, quantized: UnsafeRawPointer,
    bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forward(
      DenseShape(batch: batch, inputs: inputs, outputs: outputs), input: input,
      weights: QuantizedDenseWeights(quantized, outputs: outputs, table: context.kernels), bias: bias, relu: relu,
      output: output, context: context)
  }
}

/// Sums are over x · q; scale and bias are applied last.
struct QuantizedDenseWeights: DenseWeights {
  /// Each row of the batch widens the bytes anew.
  var fewRows: Int { 8 }
  private let scales: UnsafePointer<Float>
  let values: UnsafePointer<Int8>
  private let outputs: Int
  private let kernels: QuantizedKernels
  private let panelWidth: Int

  init(_ memory: UnsafeRawPointer, outputs: Int, table: KernelTable) {
    scales = memory.assumingMemoryBound(to: Float.self)
    values = (memory + Self.scaleBytes(outputs: outputs)).assumingMemoryBound(to: Int8.self)
    self.outputs = outputs
    kernels = table.quantized
    panelWidth = table.matrix.columns
  }

  /// Whole cache lines.
  static func scaleBytes(outputs: Int) -> Int { (outputs * 4 + 63) / 64 * 64 }

  @inline(__always)
  func start(column: Int, bias: UnsafePointer<Float>?) -> Float { 0 }

  @inline(__always)
  func finish(_ sum: Float, column: Int, bias: UnsafePointer<Float>?) -> Float {
    sum * scales[column] + (bias.map { $0[column] } ?? 0)
  }

  func addWeightedRows(
    _ rows: Range<Int>, columns: Range<Int>, batch: Int, input: UnsafePointer<Float>, inputStride: Int,
    sums: UnsafeMutablePointer<Float>, sumStride: Int
  ) {
    for m in 0..<batch {
      kernels.addWeightedRows(
        QuantizedRows(
          weights: input + (m &* inputStride), rows: values + (rows.lowerBound &* outputs &+ columns.lowerBound),
          rowStride: outputs, rowCount: rows.count, columns: columns.count, output: sums + (m &* sumStride),
          prefetches: m == 0))
    }
  }

  func packPanels(
    rows: Range<Int>, columns: Range<Int>, into panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    let source = values + (rows.lowerBound &* outputs &+ columns.lowerBound)
    let (whole, rest) = (columns.count / panelWidth, columns.count % panelWidth)
    kernels.widenPanels(
      PanelWidening(
        source: source, sourceStride: outputs, rowCount: rows.count, panelCount: whole, panels: panels,
        panelStride: panelStride))
    guard rest > 0 else { return }
    let first = whole &* panelWidth
    for k in 0..<rows.count {
      let target = panels + (whole &* panelStride &+ k &* panelWidth)
      for j in 0..<panelWidth { target[j] = j < rest ? Float(source[k &* outputs &+ first &+ j]) : 0 }
    }
  }
}
