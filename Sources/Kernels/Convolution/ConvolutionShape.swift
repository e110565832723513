import Tensors

/// Rows and columns of zeros around an image.
public struct Padding: Hashable, Sendable {
  public var top: Int
  public var left: Int
  public var bottom: Int
  public var right: Int

  /// The same on all four sides.
  public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
}

/// The validated sizes of a convolution: arithmetic with the numbers of a shape cannot overflow.
///
/// Activations are stored as [batch][height][width][channels], weights as
/// [kernelHeight][kernelWidth][inputChannels / groups][outputChannels], the output channels of all groups side by
/// side; group g reads the g-th slice of the input channels and writes the g-th slice of the output channels.
public struct ConvolutionShape: Hashable, Sendable {
  public let batch: Int
  public let inputHeight: Int
  public let inputWidth: Int
  public let inputChannels: Int
  public let outputChannels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let strideHeight: Int
  public let strideWidth: Int
  public let padding: Padding
  public let groups: Int
  /// floor((inputHeight + padding - kernelHeight) / strideHeight) + 1
  public let outputHeight: Int
  /// floor((inputWidth + padding - kernelWidth) / strideWidth) + 1
  public let outputWidth: Int

  /// - Parameter operation: the name with which errors begin.
  /// - Throws: ``EngineError/invalidValue(_:)`` for sizes that do not form a convolution,
  ///   ``EngineError/outOfMemory(_:)`` for tensors too large for any memory.
  public init(
    batch: Int, inputHeight: Int, inputWidth: Int, inputChannels: Int, outputChannels: Int,
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int, strideWidth: Int, padding: Padding, groups: Int,
    operation: String = "convolution"
  ) throws {
    let positive = [
      ("batch", batch), ("input height", inputHeight), ("input width", inputWidth),
      ("input channels", inputChannels), ("output channels", outputChannels), ("kernel height", kernelHeight),
      ("kernel width", kernelWidth), ("stride height", strideHeight), ("stride width", strideWidth),
      ("groups", groups),
    ]
    for (name, value) in positive where value < 1 || value > Self.maximumExtent {
      throw EngineError.invalidValue("\(operation): got \(name) \(value), expected 1 to \(Self.maximumExtent)")
    }
    for value in [padding.top, padding.left, padding.bottom, padding.right]
    where value < 0 || value > Self.maximumExtent {
      throw EngineError.invalidValue("\(operation): got padding \(value), expected 0 to \(Self.maximumExtent)")
    }
    guard inputChannels.isMultiple(of: groups), outputChannels.isMultiple(of: groups) else {
      throw EngineError.invalidValue(
        "\(operation): got \(inputChannels) input and \(outputChannels) output channels in \(groups) groups, "
          + "expected multiples of the number of groups")
    }
    let paddedHeight = inputHeight + padding.top + padding.bottom
    let paddedWidth = inputWidth + padding.left + padding.right
    guard kernelHeight <= paddedHeight, kernelWidth <= paddedWidth else {
      throw EngineError.invalidValue(
        "\(operation): got a kernel of \(kernelHeight) × \(kernelWidth) on a padded image of "
          + "\(paddedHeight) × \(paddedWidth), expected a kernel that fits")
    }
    self.batch = batch
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    // Any stride beyond the padded image gives one window; limited to it, every product stays in bounds.
    self.strideHeight = min(strideHeight, paddedHeight)
    self.strideWidth = min(strideWidth, paddedWidth)
    self.padding = padding
    self.groups = groups
    outputHeight = (paddedHeight - kernelHeight) / self.strideHeight + 1
    outputWidth = (paddedWidth - kernelWidth) / self.strideWidth + 1

    _ = try Extent.product([batch, paddedHeight, paddedWidth, inputChannels], operation: operation)
    _ = try Extent.product([batch, outputHeight, outputWidth, outputChannels], operation: operation)
    _ = try Extent.product([kernelHeight, kernelWidth, inputChannels / groups, outputChannels], operation: operation)
  }

  /// The largest value of any size, so that each fits the 32-bit integers of a BLAS.
  static let maximumExtent = Int(Int32.max)

  /// Products for the whole batch, including those over the padding; `Int.max` if the number does not fit.
  public var multiplyAccumulates: Int {
    (kernelHeight * kernelWidth * groupInputs).saturatingTimes(batch * outputHeight * outputWidth * outputChannels)
  }

  /// The correlation that gives the input gradient: of the output gradient, with the weights rotated by 180° and their
  /// channels swapped; nil for a stride or a padding with which it is none.
  func ofInputGradient() throws -> ConvolutionShape? {
    let around = Padding(
      top: kernelHeight - 1 - padding.top, left: kernelWidth - 1 - padding.left,
      bottom: kernelHeight - 1 - padding.bottom, right: kernelWidth - 1 - padding.right)
    guard strideHeight == 1, strideWidth == 1,
      min(around.top, around.left, around.bottom, around.right) >= 0
    else { return nil }
    return try ConvolutionShape(
      batch: batch, inputHeight: outputHeight, inputWidth: outputWidth, inputChannels: outputChannels,
      outputChannels: inputChannels, kernelHeight: kernelHeight, kernelWidth: kernelWidth, strideHeight: 1,
      strideWidth: 1, padding: around, groups: groups)
  }

  /// Input channels of one group.
  var groupInputs: Int { inputChannels / groups }
  /// Output channels of one group.
  var groupOutputs: Int { outputChannels / groups }

  /// Whether some window extends past the image.
  var windowsLeaveImage: Bool {
    padding.top > 0 || padding.left > 0
      || (outputHeight - 1) * strideHeight + kernelHeight > inputHeight
      || (outputWidth - 1) * strideWidth + kernelWidth > inputWidth
  }
}
