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
/// (``SoftmaxCrossEntropy``), so no backward pass goes through it.
struct SoftmaxLayer: Layer {
  let inputShape: FeatureShape

  init(input: FeatureShape) throws {
    guard input.isVector else {
      throw EngineError.invalidValue("softmax: got a feature map \(input), expected a vector")
    }
    inputShape = input
  }

  var outputShape: FeatureShape { inputShape }

  func forward(_ operands: ForwardOperands) throws {
    try SoftmaxCrossEntropy.softmax(
      rows: operands.batch, classes: inputShape.channels, logits: operands.input, probabilities: operands.output,
      context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    throw EngineError.unsupported("backward: it starts at the logits; softmax has no backward pass")
  }
}
