import Kernels
import Tensors

struct SpatialResponseNormSpec: LayerSpec {
  static let kind = "spatial_response_norm"
  let norm: ResponseNormalization

  var fields: String { norm.fields }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    SpatialResponseNormLayer(inputShape: site.input, norm: norm)
  }
}

extension SpatialResponseNormSpec {
  init(fields: inout SpecFields) throws { norm = try ResponseNormalization(fields: &fields, kind: Self.kind) }
}

extension NodeOperation {
  /// Over a square window of the same channel (cuda-convnet's `rnorm`); `size`, not its square, is the window's side.
  public static func spatialResponseNorm(_ norm: ResponseNormalization) -> NodeOperation {
    NodeOperation(SpatialResponseNormSpec(norm: norm))
  }
}

/// Response normalisation within each map (cuda-convnet's `rnorm`), as in the authors' own AlexNet and CIFAR-10 nets.
struct SpatialResponseNormLayer: Layer {
  let inputShape: FeatureShape
  let norm: ResponseNormalization

  var outputShape: FeatureShape { inputShape }
  var backwardReadsInput: Bool { true }
  var detail: String {
    "size \(norm.size)×\(norm.size), alpha \(norm.alpha)\(norm.alphaOverN ? "/n²" : ""), "
      + "beta \(norm.beta), k \(norm.k)"
  }

  /// The scale s = k + α Σ x² of every element.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int {
    training ? batch * inputShape.count * MemoryLayout<Float>.stride : 0
  }

  func forward(_ operands: ForwardOperands) throws {
    try SpatialResponseNormalization.forward(
      batch: operands.batch, height: inputShape.height, width: inputShape.width, channels: inputShape.channels,
      parameters: norm, input: operands.input, output: operands.output,
      scale: operands.auxiliary?.assumingMemoryBound(to: Float.self), context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try SpatialResponseNormalization.backward(
      batch: operands.batch, height: inputShape.height, width: inputShape.width, channels: inputShape.channels,
      parameters: norm, input: operands.input, scale: operands.auxiliary.assumingMemoryBound(to: Float.self),
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
