import Kernels
import Tensors

/// The memory order of a caller's 4-D tensors. Inside the engine it is always NHWC.
public enum TensorLayout: Sendable {
  case nchw
  case nhwc

  /// Copies a caller's tensor into the engine's order.
  func read(
    _ source: UnsafePointer<Float>, shape: FeatureShape, batch: Int, into target: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    if self == .nhwc || shape.isVector {
      target.update(from: source, count: batch * shape.count)
    } else {
      try Layout.nchwToNHWC(
        batch: batch, channels: shape.channels, height: shape.height, width: shape.width, input: source,
        output: target, context: context)
    }
  }

  /// Copies an engine tensor into the caller's order.
  func write(
    _ source: UnsafePointer<Float>, shape: FeatureShape, batch: Int, into target: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    if self == .nhwc || shape.isVector {
      target.update(from: source, count: batch * shape.count)
    } else {
      try Layout.nhwcToNCHW(
        batch: batch, channels: shape.channels, height: shape.height, width: shape.width, input: source,
        output: target, context: context)
    }
  }
}
