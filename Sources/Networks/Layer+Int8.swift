import Kernels
import Tensors

/// A layer between activations in bytes, each tensor with its ``Quantization``. For inference.
protocol Int8Layer: Sendable {
  /// The same layer in float32.
  var layer: any Layer { get }
  func memory(batch: Int) -> LayerMemory
  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws
}

/// A layer that can come last: its outputs are logits, which are never rounded.
protocol Int8LogitsLayer: Int8Layer {
  func forward(_ operands: TypedForwardOperands<UInt8, Float>) throws
}

extension Int8Layer {
  func memory(batch: Int) -> LayerMemory { LayerMemory() }
}

/// A layer that can compute from bytes. Layers that do not conform are wrapped in a ``RoundingLayer``.
protocol QuantizableLayer: Layer {
  /// - Returns: nil if it cannot in this case.
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)?
  /// The quantisation of an output that is a selection of the input, or a multiple of it; nil: the output has its own.
  func quantizationFollowing(_ input: Quantization) -> Quantization?
}

extension QuantizableLayer {
  func quantizationFollowing(_ input: Quantization) -> Quantization? { nil }
}

extension TypedLayer {
  /// - Parameters:
  ///   - input: the quantisation of the layer's input.
  ///   - output: that of its output.
  init(_ layer: any Layer, isLogits: Bool, from input: Quantization, to output: Quantization) {
    let quantized = (layer as? any QuantizableLayer)?.quantized(from: input, to: output)
    if isLogits {
      self = .int8Logits(
        (quantized as? any Int8LogitsLayer) ?? RoundingLayer(layer: layer, input: input, output: output))
    } else {
      self = .int8(quantized ?? RoundingLayer(layer: layer, input: input, output: output))
    }
  }
}
