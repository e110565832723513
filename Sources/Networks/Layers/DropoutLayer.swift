import Kernels
import Tensors

struct DropoutSpec: LayerSpec {
  static let kind = "dropout"
  let probability: Float
  let form: Dropout.Form
  /// In a tower: what the masks of the whole network are drawn by.
  var place: DropoutPlace?

  var fields: String {
    " probability=\(probability) form=\(form == .inverted ? "inverted" : "paper2012")"
      + (place.map { " number=\($0.number) first=\($0.first) width=\($0.width)" } ?? "")
  }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    let place = place ?? DropoutPlace(number: Int(site.dropouts), first: 0, width: site.input.channels)
    return try DropoutLayer(input: site.input, probability: probability, form: form, place: place)
  }

  func part(_ cut: TowerCut, number: Int) throws -> DropoutSpec {
    var part = self
    part.place = DropoutPlace(
      number: number, first: cut.isDivided ? try cut.own().lowerBound : 0, width: cut.channels)
    return part
  }
}

/// Which of a network's dropout layers this is, from 1, and which of its channels come: those from `first` on of `width`.
struct DropoutPlace: Hashable, Sendable {
  /// So many layers draw different masks: a layer's number and an element's share a word of the generator's counter.
  static let maximumNumber = 1 << 24 - 1

  let number: Int
  let first: Int
  let width: Int
}

extension DropoutSpec {
  init(fields: inout SpecFields) throws {
    let form = try fields.word("form")
    guard form == "inverted" || form == "paper2012" else {
      throw fields.error("form is '\(form)', expected inverted or paper2012")
    }
    self.form = form == "inverted" ? .inverted : .paper2012
    probability = try fields.float("probability")
    if fields.has("number") {
      place = DropoutPlace(
        number: try fields.integer("number"), first: try fields.integer("first"), width: try fields.integer("width"))
    }
  }
}

extension NodeOperation {
  public static func dropout(probability: Float, form: Dropout.Form) -> NodeOperation {
    NodeOperation(DropoutSpec(probability: probability, form: form))
  }
}

/// Dropout (Krizhevsky et al. 2012, section 4.2), in the paper's form or the inverted one. Masks are drawn by `place`, so
/// that a network's layers draw different ones, and a tower the same as the whole network.
struct DropoutLayer: Layer {
  let inputShape: FeatureShape
  let probability: Float
  let form: Dropout.Form
  let place: DropoutPlace

  init(input: FeatureShape, probability: Float, form: Dropout.Form, place: DropoutPlace) throws {
    guard probability >= 0, probability < 1 else {
      throw EngineError.invalidValue("dropout: got probability \(probability), expected 0 ≤ p < 1")
    }
    guard (1...DropoutPlace.maximumNumber).contains(place.number), place.first >= 0,
      place.width >= input.channels,
      place.first <= place.width - input.channels
    else {
      throw EngineError.invalidValue(
        "dropout: got number \(place.number) and \(input.channels) channels from \(place.first) of \(place.width), "
          + "expected a number from 1 to \(DropoutPlace.maximumNumber) and channels within the width")
    }
    _ = try Extent.product([input.height, input.width, place.width], operation: "dropout")
    inputShape = input
    self.probability = probability
    self.form = form
    self.place = place
  }

  /// The layer's input as a part of what it is for the whole batch and the whole network.
  /// - Throws: ``EngineError/outOfMemory(_:)`` for a place beyond all batches, whose elements would have no numbers.
  private func part(batch: Int, _ key: DropoutKey) throws -> DropoutPart {
    let pixels = inputShape.height * inputShape.width
    _ = try Extent.product([key.firstImage + batch, pixels, place.width], operation: "dropout")
    return DropoutPart(
      rows: key.firstImage * pixels..<(key.firstImage + batch) * pixels,
      columns: place.first..<place.first + inputShape.channels, width: place.width)
  }

  var outputShape: FeatureShape { inputShape }
  var detail: String {
    "p \(probability), \(form == .inverted ? "inverted (scaled in training)" : "paper's form (scaled at test)")"
  }

  func forward(_ operands: ForwardOperands) throws {
    let count = operands.batch * inputShape.count
    if let key = operands.dropout {
      try Dropout.forwardTraining(
        try part(batch: operands.batch, key), probability: probability, form: form, generator: key.generator,
        layer: UInt32(place.number), input: operands.input, output: operands.output, context: operands.context)
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
        try part(batch: operands.batch, key), probability: probability, form: form, generator: key.generator,
        layer: UInt32(place.number), outputGradient: operands.outputGradient, inputGradient: inputGradient,
        context: operands.context)
    } else {
      // At test time the layer is a multiplication, and so is its derivative.
      try Dropout.forwardInference(
        count: count, probability: probability, form: form, input: operands.outputGradient, output: inputGradient,
        context: operands.context)
    }
  }
}
