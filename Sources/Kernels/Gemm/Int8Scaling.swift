import KernelTemplates
import Tensors

/// What the sums of a product of bytes become: y = scale · sum + bias with the input's and the weights' scales, whose
/// zero point is taken off where the sums start.
struct Int8Scaling {
  let input: Quantization
  /// nil: floats.
  let output: Quantization?
  let bias: UnsafePointer<Float>?
  let relu: Bool
  /// Of the weights, by output channel.
  let scales: UnsafePointer<Float>
  let sums: UnsafePointer<Int32>

  /// The value with which the sums of an output channel begin.
  func start(_ channel: Int) -> Int32 { 0 &- Int32(input.zeroPoint) &* sums[channel] }

  private var zero: Float { output.map { Float($0.zeroPoint) } ?? 0 }

  /// See ``RowScaling``.
  var lowest: Float { relu ? zero : output == nil ? -.infinity : 0 }

  /// Writes what ``RowScaling`` needs for some output channels.
  func write(_ channels: Range<Int>, multipliers: UnsafeMutablePointer<Float>, offsets: UnsafeMutablePointer<Float>) {
    let (inverseScale, zero) = (output.map { 1 / $0.scale } ?? 1, zero)
    for (j, n) in channels.enumerated() {
      multipliers[j] = input.scale * scales[n] * inverseScale
      offsets[j] = (bias.map { $0[n] } ?? 0) * inverseScale + zero
    }
  }
}
