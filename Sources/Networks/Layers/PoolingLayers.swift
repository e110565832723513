import Kernels
import Tensors

/// The maximum of overlapping windows (Krizhevsky et al. 2012, section 3.4).
struct MaxPoolLayer: Layer {
  let shape: PoolingShape

  init(input: FeatureShape, kernel: Int, stride: Int, padding: Padding, ceilMode: Bool) throws {
    shape = try PoolingShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, channels: input.channels, kernelHeight: kernel,
      kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padding: padding, ceilMode: ceilMode)
  }

  var inputShape: FeatureShape {
    FeatureShape(height: shape.inputHeight, width: shape.inputWidth, channels: shape.channels)
  }
  var outputShape: FeatureShape {
    FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels)
  }
  var detail: String { shape.windowDetail }

  /// One byte an output: which element of the window was the largest.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int { training ? batch * outputShape.count : 0 }

  func forward(_ operands: ForwardOperands) throws {
    try MaxPooling.forward(
      try shape.withBatch(operands.batch), input: operands.input, output: operands.output,
      argument: operands.auxiliary?.assumingMemoryBound(to: UInt8.self), context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try MaxPooling.backward(
      try shape.withBatch(operands.batch), outputGradient: operands.outputGradient,
      argument: operands.auxiliary.assumingMemoryBound(to: UInt8.self), inputGradient: inputGradient,
      context: operands.context)
  }
}

/// The mean of overlapping windows (cuda-convnet's `avg`, whose CIFAR-10 nets have it from the second pooling on).
struct AveragePoolLayer: Layer {
  let shape: PoolingShape
  let countIncludePad: Bool

  init(
    input: FeatureShape, kernel: Int, stride: Int, padding: Padding, ceilMode: Bool, countIncludePad: Bool
  ) throws {
    shape = try PoolingShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, channels: input.channels, kernelHeight: kernel,
      kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padding: padding, ceilMode: ceilMode,
      operation: Self.operation)
    self.countIncludePad = countIncludePad
  }

  var inputShape: FeatureShape {
    FeatureShape(height: shape.inputHeight, width: shape.inputWidth, channels: shape.channels)
  }
  var outputShape: FeatureShape {
    FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: shape.channels)
  }
  var detail: String { shape.windowDetail }

  func forward(_ operands: ForwardOperands) throws {
    try AveragePooling.forward(
      try shape.withBatch(operands.batch, operation: Self.operation), countIncludePad: countIncludePad,
      input: operands.input, output: operands.output, context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try AveragePooling.backward(
      try shape.withBatch(operands.batch, operation: Self.operation), countIncludePad: countIncludePad,
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }

  private static let operation = "average_pool"
}

extension PoolingShape {
  /// "3×3, stride 2, rounded up"
  fileprivate var windowDetail: String {
    "\(kernelHeight)×\(kernelWidth), stride \(strideHeight)\(ceilMode ? ", rounded up" : "")"
  }

  func withBatch(_ batch: Int, operation: String = "max_pool2d") throws -> PoolingShape {
    try PoolingShape(
      batch: batch, inputHeight: inputHeight, inputWidth: inputWidth, channels: channels, kernelHeight: kernelHeight,
      kernelWidth: kernelWidth, strideHeight: strideHeight, strideWidth: strideWidth, padding: padding,
      ceilMode: ceilMode, operation: operation)
  }
}

/// Averages to a fixed size whatever the input's, by PyTorch's rule of windows.
struct AdaptiveAveragePoolLayer: Layer {
  let inputShape: FeatureShape
  let size: Int

  init(input: FeatureShape, size: Int) throws {
    guard (1...4096).contains(size) else {
      throw EngineError.invalidValue("adaptive_average_pool: got size \(size), expected 1 to 4096")
    }
    inputShape = input
    self.size = size
  }

  var outputShape: FeatureShape { FeatureShape(height: size, width: size, channels: inputShape.channels) }
  var detail: String { "to \(size)×\(size)" }

  func forward(_ operands: ForwardOperands) throws {
    try AdaptiveAveragePooling.forward(
      batch: operands.batch, inputHeight: inputShape.height, inputWidth: inputShape.width,
      channels: inputShape.channels, outputHeight: size, outputWidth: size, input: operands.input,
      output: operands.output, context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try AdaptiveAveragePooling.backward(
      batch: operands.batch, inputHeight: inputShape.height, inputWidth: inputShape.width,
      channels: inputShape.channels, outputHeight: size, outputWidth: size,
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
