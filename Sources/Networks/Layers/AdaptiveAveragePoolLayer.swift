import Kernels
import Tensors

struct AdaptiveAveragePoolSpec: LayerSpec {
  static let kind = "adaptive_average_pool"
  let size: Int

  var fields: String { " size=\(size)" }
  var seesWindows: Bool { true }

  func outputShape(for input: FeatureShape) throws -> FeatureShape {
    FeatureShape(height: size, width: size, channels: input.channels)
  }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try AdaptiveAveragePoolLayer(input: site.input, size: size)
  }
}

extension AdaptiveAveragePoolSpec {
  init(fields: inout SpecFields) throws { size = try fields.integer("size") }
}

extension NodeOperation {
  /// Averages any input to `size` × `size` (torchvision's AdaptiveAvgPool2d).
  public static func adaptiveAveragePool(size: Int) -> NodeOperation {
    NodeOperation(AdaptiveAveragePoolSpec(size: size))
  }
}

/// Averages an input of any size to a fixed size, with PyTorch's rule for the windows.
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
