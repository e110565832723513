import Kernels
import Tensors

/// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3).
struct ResponseNormLayer: Layer {
  let inputShape: FeatureShape
  let norm: ResponseNormalization
  let groups: Int

  init(input: FeatureShape, norm: ResponseNormalization, groups: Int) throws {
    guard groups >= 1, input.channels % groups == 0 else {
      throw EngineError.invalidValue(
        "response_norm: got \(groups) groups, expected a divisor of \(input.channels) channels")
    }
    inputShape = input
    self.norm = norm
    self.groups = groups
  }

  var outputShape: FeatureShape { inputShape }
  var backwardReadsInput: Bool { true }
  var detail: String {
    "size \(norm.size), alpha \(norm.alpha)\(norm.alphaOverN ? "/n" : ""), beta \(norm.beta), k \(norm.k)"
      + (groups > 1 ? ", groups \(groups)" : "")
  }

  /// The scale s = k + α Σ a² of every element.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int {
    training ? batch * inputShape.count * MemoryLayout<Float>.stride : 0
  }

  func forward(_ operands: ForwardOperands) throws {
    try LocalResponseNormalization.forward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, output: operands.output,
      scale: operands.auxiliary?.assumingMemoryBound(to: Float.self), context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try LocalResponseNormalization.backward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, scale: operands.auxiliary.assumingMemoryBound(to: Float.self),
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
