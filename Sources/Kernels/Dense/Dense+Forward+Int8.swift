import KernelTemplates
import Tensors

/// Dense layers on bytes, with weights in signed bytes and a scale for each output.
extension Dense {
  /// A feature map that a dense layer reads as a vector: its weights are in the order channels, height, width, its bytes
  /// in the order height, width, channels.
  public struct Map: Sendable {
    public let pixels: Int
    public let channels: Int

    public init(pixels: Int, channels: Int) {
      self.pixels = pixels
      self.channels = channels
    }

    var inputs: Int { pixels * channels }
  }

  /// Whether the sums of such a layer fit into Int32.
  public static func fitsInt8(inputs: Int) -> Bool { inputs <= MatrixKernelsInt8.maximumInner }

  /// Bytes of the packed weights, for any batch size.
  public static func packedByteCount(
    _ map: Map, outputs: Int, as type: Int8.Type, context: ComputeContext
  ) throws -> Int { try weightsInt8(map, outputs: outputs, context: context).byteCount() }

  /// Rounds and packs the weights [inputs][outputs] for the forward pass on this context or one like it.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a weight that is infinite or NaN.
  public static func pack(
    _ map: Map, outputs: Int, as type: Int8.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    try weightsInt8(map, outputs: outputs, context: context).pack(weights, into: memory, context: context) {
      $0 % map.channels &* map.pixels &+ $0 / map.channels
    }
  }

  /// Writes [batch][outputs] bytes of `outputQuantization` from maps [batch][pixels][channels]; with `relu`, those of
  /// max(0, ·).
  /// - Parameter packed: by ``pack(_:outputs:as:weights:into:context:)``.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a bias that is infinite or NaN.
  public static func forward(
    batch: Int, _ map: Map, outputs: Int, input: UnsafePointer<UInt8>, inputQuantization: Quantization,
    packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<UInt8>,
    outputQuantization: Quantization, context: ComputeContext
  ) throws {
    let weights = try weightsInt8(map, outputs: outputs, context: context)
    try sum(
      DenseShape(batch: batch, inputs: map.inputs, outputs: outputs), input: input, weights, packed: packed,
      scaling: weights.scaling(from: inputQuantization, to: outputQuantization, packed: packed, bias: bias, relu: relu),
      output: output, by: weights.kernels.requantizeRows, context: context)
  }

  /// Writes floats; with `relu`, their max(0, ·).
  public static func forward(
    batch: Int, _ map: Map, outputs: Int, input: UnsafePointer<UInt8>, inputQuantization: Quantization,
    packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let weights = try weightsInt8(map, outputs: outputs, context: context)
    try sum(
      DenseShape(batch: batch, inputs: map.inputs, outputs: outputs), input: input, weights, packed: packed,
      scaling: weights.scaling(from: inputQuantization, packed: packed, bias: bias, relu: relu), output: output,
      by: weights.kernels.dequantizeRows, context: context)
  }

  private static func sum<Output: BitwiseCopyable>(
    _ shape: DenseShape, input: UnsafePointer<UInt8>, _ weights: Int8Weights, packed: UnsafeRawPointer,
    scaling: Int8Scaling, output: UnsafeMutablePointer<Output>, by scaleRows: (RowScaling<Output>) -> Void,
    context: ComputeContext
  ) throws {
    let outputs = shape.outputs
    try sum(
      shape, input: input, weights: .packed(weights.panels(packed)), kernels: weights.kernels, context: context,
      start: scaling.start
    ) { sums, stride, rows, columns in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * columns.count) { memory in
        guard let multipliers = memory.baseAddress else { return }
        let offsets = multipliers + columns.count
        scaling.write(columns, multipliers: multipliers, offsets: offsets)
        scaleRows(
          RowScaling(
            rows: rows.count, columns: columns.count, source: sums, sourceStride: stride, multipliers: multipliers,
            offsets: offsets, lowest: scaling.lowest,
            target: output + (rows.lowerBound &* outputs &+ columns.lowerBound), targetStride: outputs))
      }
    }
  }

  /// The packed weights, which are those of a convolution of one pixel.
  private static func weightsInt8(_ map: Map, outputs: Int, context: ComputeContext) throws -> Int8Weights {
    let pixel = try ConvolutionShape(
      batch: 1, inputHeight: 1, inputWidth: 1, inputChannels: map.inputs, outputChannels: outputs,
      kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, padding: Padding(0), groups: 1,
      operation: "dense")
    return Int8Weights(tiles: ConvolutionTiles(forward: pixel), kernels: context.kernels.int8)
  }
}
