// Layers on bytes, from their formulas.

import KernelTemplates
import Tensors

extension Reference {
  /// round(x / scale) + zeroPoint, ties to even, from 0 to 255.
  public static func quantize(_ x: Float, _ quantization: Quantization) -> UInt8 {
    byte(x * (1 / quantization.scale) + Float(quantization.zeroPoint), atLeast: 0)
  }

  private static func byte(_ x: Float, atLeast lowest: Float) -> UInt8 {
    UInt8(exactly: min(max(x, lowest), 255).rounded(.toNearestOrEven)) ?? 0
  }

  /// The exact sums Σ (q - zeroPoint) · w of a convolution with weights rounded to bytes, and the weights' scales.
  public static func convolutionInt8Sums(
    _ shape: ConvolutionShape, input: [UInt8], _ quantization: Quantization, weights: UnsafePointer<Float>
  ) -> (sums: [Double], scales: [Float]) {
    let outputs = shape.outputChannels
    let inner = shape.kernelHeight * shape.kernelWidth * (shape.inputChannels / shape.groups)
    let (scales, bytes) = quantizeDense(inputs: inner, outputs: outputs, weights: weights)
    let x = input.map { Double($0) - Double(quantization.zeroPoint) }
    var sums = [Double](repeating: .nan, count: shape.batch * shape.outputHeight * shape.outputWidth * outputs)
    convolutionForward(shape, input: x, weights: bytes.map(Double.init), bias: nil, relu: false, output: &sums)
    return (sums, scales)
  }

  /// The bytes of scale · sum + bias, rectified on request.
  public static func requantize(
    _ sums: [Double], from input: Quantization, scales: [Float], bias: [Float], relu: Bool, to output: Quantization
  ) -> [UInt8] {
    let (inverse, zero) = (1 / output.scale, Float(output.zeroPoint))
    return sums.enumerated().map { index, sum in
      let n = index % scales.count
      return byte(
        Float(sum) * (input.scale * scales[n] * inverse) + (bias[n] * inverse + zero), atLeast: relu ? zero : 0)
    }
  }

  /// scale · sum + bias, rectified on request.
  public static func dequantize(
    _ sums: [Double], from input: Quantization, scales: [Float], bias: [Float], relu: Bool
  ) -> [Float] {
    sums.enumerated().map { index, sum in
      let n = index % scales.count
      let y = Float(sum) * (input.scale * scales[n]) + bias[n]
      return relu && y < 0 ? 0 : y
    }
  }
}
