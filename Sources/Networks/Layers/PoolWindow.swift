import Kernels
import Tensors

/// The windows of a pooling layer, as specified: shared by all kinds of pools.
struct PoolWindow: Hashable, Sendable {
  let kernel: Int
  let stride: Int
  let padding: Padding
  var ceilMode: Bool

  var fields: String { " kernel=\(kernel) stride=\(stride) pad=\(padding.text) ceil=\(ceilMode ? 1 : 0)" }

  /// For one image.
  func shape(for input: FeatureShape, operation: String) throws -> PoolingShape {
    try PoolingShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, channels: input.channels, kernelHeight: kernel,
      kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padding: padding, ceilMode: ceilMode,
      operation: operation)
  }
}

extension PoolWindow {
  init(fields: inout SpecFields) throws {
    kernel = try fields.integer("kernel")
    stride = try fields.integer("stride")
    padding = try fields.padding("pad")
    ceilMode = try fields.integer("ceil") != 0
  }
}

extension PoolingShape {
  var inputShape: FeatureShape { FeatureShape(height: inputHeight, width: inputWidth, channels: channels) }
  var outputShape: FeatureShape { FeatureShape(height: outputHeight, width: outputWidth, channels: channels) }

  /// "3×3, stride 2, rounded up"
  var windowDetail: String {
    "\(kernelHeight)×\(kernelWidth), stride \(strideHeight)\(ceilMode ? ", rounded up" : "")"
  }

  func withBatch(_ batch: Int, operation: String) throws -> PoolingShape {
    try PoolingShape(
      batch: batch, inputHeight: inputHeight, inputWidth: inputWidth, channels: channels, kernelHeight: kernelHeight,
      kernelWidth: kernelWidth, strideHeight: strideHeight, strideWidth: strideWidth, padding: padding,
      ceilMode: ceilMode, operation: operation)
  }
}
