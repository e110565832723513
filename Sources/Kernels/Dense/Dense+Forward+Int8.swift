import KernelTemplates
import Tensors

/// Dense layers on bytes: a convolution whose pixels are the rows of the batch.
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
  ) throws -> Int { try weightsInt8(batch: 1, map, outputs: outputs, context: context).byteCount() }

  /// Rounds and packs the weights [inputs][outputs] for the forward pass on this context or one like it.
  /// - Throws: ``EngineError/nonFinite(_:)`` for a weight that is infinite or NaN.
  public static func pack(
    _ map: Map, outputs: Int, as type: Int8.Type, weights: UnsafePointer<Float>,
    into memory: UnsafeMutableRawPointer, context: ComputeContext
  ) throws {
    try weightsInt8(batch: 1, map, outputs: outputs, context: context).pack(weights, into: memory, context: context) {
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
    try weightsInt8(batch: batch, map, outputs: outputs, context: context).multiply(
      input: input, inputQuantization, packed: packed, bias: bias, relu: relu, output: output, outputQuantization,
      context: context)
  }

  /// Writes floats; with `relu`, their max(0, ·).
  public static func forward(
    batch: Int, _ map: Map, outputs: Int, input: UnsafePointer<UInt8>, inputQuantization: Quantization,
    packed: UnsafeRawPointer, bias: UnsafePointer<Float>?, relu: Bool, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    try weightsInt8(batch: batch, map, outputs: outputs, context: context).multiply(
      input: input, inputQuantization, packed: packed, bias: bias, relu: relu, output: output, context: context)
  }

  private static func weightsInt8(
    batch: Int, _ map: Map, outputs: Int, context: ComputeContext
  ) throws -> Int8Weights {
    let rows = try ConvolutionShape(
      batch: 1, inputHeight: 1, inputWidth: batch, inputChannels: map.inputs, outputChannels: outputs,
      kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, padding: Padding(0), groups: 1,
      operation: "dense")
    return Int8Weights(tiles: ConvolutionTiles(forward: rows), kernels: context.kernels.int8)
  }
}
