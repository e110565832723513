import KernelTemplates
import Tensors

/// Input, windows and output of a pooling over NHWC tensors. Sizes follow Caffe and PyTorch: rounded down, or up
/// with `ceilMode`, where a last window that would start in the right or bottom padding is dropped.
public struct PoolingShape: Hashable, Sendable {
  public let batch: Int
  public let inputHeight: Int
  public let inputWidth: Int
  public let channels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let strideHeight: Int
  public let strideWidth: Int
  public let padding: Padding
  public let ceilMode: Bool
  public let outputHeight: Int
  public let outputWidth: Int

  /// A position in the window must fit the byte that stores the argument of the maximum: 15 · 15 ≤ 256.
  public static let maximumKernel = 15

  /// - Throws: ``EngineError`` if a size is below 1, if a window could lie entirely in padding (each padding must be
  ///   below the kernel), if no window fits, or if the kernel exceeds ``maximumKernel``.
  public init(
    batch: Int, inputHeight: Int, inputWidth: Int, channels: Int, kernelHeight: Int, kernelWidth: Int,
    strideHeight: Int, strideWidth: Int, padding: Padding, ceilMode: Bool, operation: String = "max_pool2d"
  ) throws {
    _ = try Extent.product([batch, inputHeight, inputWidth, channels], operation: operation)
    guard min(batch, inputHeight, inputWidth, channels) >= 1 else {
      throw EngineError.invalidValue(
        "\(operation): got an input of \(batch)×\(inputHeight)×\(inputWidth)×\(channels) (NHWC), expected sizes ≥ 1")
    }
    guard min(kernelHeight, kernelWidth, strideHeight, strideWidth) >= 1 else {
      throw EngineError.invalidValue(
        "\(operation): got kernel \(kernelHeight)×\(kernelWidth), stride \(strideHeight)×\(strideWidth), expected ≥ 1")
    }
    guard max(kernelHeight, kernelWidth) <= Self.maximumKernel else {
      throw EngineError.unsupported(
        "\(operation): got kernel \(kernelHeight)×\(kernelWidth), at most \(Self.maximumKernel) is supported")
    }
    let (vertical, horizontal) = ((padding.top, padding.bottom), (padding.left, padding.right))
    guard min(vertical.0, vertical.1, horizontal.0, horizontal.1) >= 0,
      max(vertical.0, vertical.1) < kernelHeight, max(horizontal.0, horizontal.1) < kernelWidth
    else {
      throw EngineError.invalidValue(
        "\(operation): got padding (top \(padding.top), left \(padding.left), bottom \(padding.bottom), "
          + "right \(padding.right)), expected 0 or more and less than the kernel \(kernelHeight)×\(kernelWidth)")
    }
    guard
      let outputHeight = Self.outputs(
        inputHeight, padding: vertical, kernel: kernelHeight, stride: strideHeight, ceilMode: ceilMode),
      let outputWidth = Self.outputs(
        inputWidth, padding: horizontal, kernel: kernelWidth, stride: strideWidth, ceilMode: ceilMode)
    else {
      throw EngineError.invalidValue(
        "\(operation): the kernel \(kernelHeight)×\(kernelWidth) is larger than the padded input "
          + "\(inputHeight + vertical.0 + vertical.1)×\(inputWidth + horizontal.0 + horizontal.1)")
    }
    self.batch = batch
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.channels = channels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.padding = padding
    self.ceilMode = ceilMode
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    _ = try Extent.product([batch, outputHeight, outputWidth, channels], operation: operation)
  }

  public var inputCount: Int { batch * inputHeight * inputWidth * channels }
  public var outputCount: Int { batch * outputHeight * outputWidth * channels }

  /// Windows along one axis, nil if none fits. The quotient is formed so that no stride can overflow.
  private static func outputs(
    _ input: Int, padding: (before: Int, after: Int), kernel: Int, stride: Int, ceilMode: Bool
  ) -> Int? {
    let slack = input + padding.before + padding.after - kernel
    if slack < 0 { return ceilMode && slack > -stride ? 1 : nil }
    let roundsUp = ceilMode && slack % stride != 0
    let count = slack / stride + (roundsUp ? 2 : 1)
    return roundsUp && (count - 1) * stride >= input + padding.before ? count - 1 : count
  }

  var plane: PoolingPlane {
    PoolingPlane(
      inputHeight: inputHeight, inputWidth: inputWidth, channels: channels, outputHeight: outputHeight,
      outputWidth: outputWidth, kernelHeight: kernelHeight, kernelWidth: kernelWidth, strideHeight: strideHeight,
      strideWidth: strideWidth, paddingTop: padding.top, paddingLeft: padding.left)
  }
}
