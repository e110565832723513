import Kernels
import Tensors

/// In inference dropout is a multiplication, which leaves the bytes as they are.
extension DropoutLayer: QuantizableLayer {
  func quantized(from input: Quantization, to output: Quantization) -> (any Int8Layer)? {
    quantizationFollowing(input) == nil ? nil : Int8DropoutLayer(dropout: self)
  }

  func quantizationFollowing(_ input: Quantization) -> Quantization? {
    try? Quantization(
      scale: input.scale * Dropout.inferenceFactor(probability: probability, form: form), zeroPoint: input.zeroPoint)
  }
}

struct Int8DropoutLayer: Int8Layer {
  let dropout: DropoutLayer

  var layer: any Layer { dropout }

  func forward(_ operands: TypedForwardOperands<UInt8, UInt8>) throws {
    let count = dropout.inputShape.count
    try operands.context.forEach(operands.batch) { image, _ in
      (operands.output + image &* count).update(from: operands.input + image &* count, count: count)
    }
  }
}
