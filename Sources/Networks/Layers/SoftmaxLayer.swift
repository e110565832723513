import Kernels
import Tensors

struct SoftmaxSpec: LayerSpec {
  static let kind = "softmax"

  func makeLayer(_ site: LayerSite) throws -> any Layer { try SoftmaxLayer(input: site.input) }
}

extension SoftmaxSpec {
  init(fields: inout SpecFields) throws {}
}

extension NodeOperation {
  public static let softmax = NodeOperation(SoftmaxSpec())
}

/// Probabilities from logits. It comes last; training computes loss and gradient from the logits in one pass
/// (``SoftmaxCrossEntropy``), so only gradients of activations go back through it.
struct SoftmaxLayer: Layer {
  let inputShape: FeatureShape

  init(input: FeatureShape) throws {
    guard input.isVector else {
      throw EngineError.invalidValue("softmax: got a feature map \(input), expected a vector")
    }
    inputShape = input
  }

  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try SoftmaxCrossEntropy.softmax(
      rows: operands.batch, classes: inputShape.channels, logits: operands.input, probabilities: operands.output,
      context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try SoftmaxCrossEntropy.softmaxBackward(
      rows: operands.batch, classes: inputShape.channels, probabilities: operands.output,
      probabilitiesGradient: operands.outputGradient, logitsGradient: inputGradient, context: operands.context)
  }
}
