import Kernels
import Tensors

struct DropoutSpec: LayerSpec {
  static let kind = "dropout"
  let probability: Float
  let form: Dropout.Form

  var fields: String { " probability=\(probability) form=\(form == .inverted ? "inverted" : "paper2012")" }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try DropoutLayer(input: site.input, probability: probability, form: form, number: site.dropouts)
  }
}

extension DropoutSpec {
  init(fields: inout SpecFields) throws {
    let form = try fields.word("form")
    guard form == "inverted" || form == "paper2012" else {
      throw fields.error("form is '\(form)', expected inverted or paper2012")
    }
    self.form = form == "inverted" ? .inverted : .paper2012
    probability = try fields.float("probability")
  }
}

extension NodeOperation {
  public static func dropout(probability: Float, form: Dropout.Form) -> NodeOperation {
    NodeOperation(DropoutSpec(probability: probability, form: form))
  }
}

/// Dropout (Krizhevsky et al. 2012, section 4.2), in the paper's form or the inverted one. `number` distinguishes a
/// network's dropout layers, so that they draw different masks.
struct DropoutLayer: Layer {
  let inputShape: FeatureShape
  let probability: Float
  let form: Dropout.Form
  let number: UInt32

  init(input: FeatureShape, probability: Float, form: Dropout.Form, number: UInt32) throws {
    guard probability >= 0, probability < 1 else {
      throw EngineError.invalidValue("dropout: got probability \(probability), expected 0 ≤ p < 1")
    }
    inputShape = input
    self.probability = probability
    self.form = form
    self.number = number
  }

  var outputShape: FeatureShape { inputShape }
  var detail: String {
    "p \(probability), \(form == .inverted ? "inverted (scaled in training)" : "paper's form (scaled at test)")"
  }

  func forward(_ operands: ForwardOperands) throws {
    let count = operands.batch * inputShape.count
    if let key = operands.dropout {
      try Dropout.forwardTraining(
        count: count, probability: probability, form: form, generator: key.generator, layer: number,
        first: key.firstImage * inputShape.count, input: operands.input, output: operands.output, context: operands.context)
    } else {
      try Dropout.forwardInference(
        count: count, probability: probability, form: form, input: operands.input, output: operands.output,
        context: operands.context)
    }
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    let count = operands.batch * inputShape.count
    if let key = operands.dropout {
      try Dropout.backward(
        count: count, probability: probability, form: form, generator: key.generator, layer: number,
        first: key.firstImage * inputShape.count, outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
    } else {
      // At test time the layer is a multiplication, and so is its derivative.
      try Dropout.forwardInference(
        count: count, probability: probability, form: form, input: operands.outputGradient, output: inputGradient,
        context: operands.context)
    }
  }
}
