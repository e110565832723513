import Kernels
import Tensors

struct DenseSpec: LayerSpec {
  static let kind = "dense"
  var outputs: Int

  var fields: String { " outputs=\(outputs)" }
  var isWeighted: Bool { true }
  var seesWindows: Bool { true }

  func outputShape(for input: FeatureShape) throws -> FeatureShape { FeatureShape(vector: outputs) }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try DenseLayer(site.name, input: site.input, outputs: outputs)
  }

  func crosses(towers: Int) -> Bool { towers > 1 }
  func part(_ cut: TowerCut) throws -> DenseSpec { DenseSpec(outputs: try cut.share(of: outputs)) }
}

extension DenseSpec {
  init(fields: inout SpecFields) throws { outputs = try fields.integer("outputs") }
}

extension NodeOperation {
  /// Reads a feature map as a vector in the order channels, height, width.
  public static func dense(outputs: Int) -> NodeOperation { NodeOperation(DenseSpec(outputs: outputs)) }
}

/// y = x · W + b over the input read as a vector in the order channels, height, width, and the ReLU after
/// it when `relu`.
struct DenseLayer: Layer {
  let inputShape: FeatureShape
  let weight: Parameter
  let bias: Parameter
  var relu = false

  init(_ name: String, input: FeatureShape, outputs: Int) throws {
    guard outputs >= 1 else { throw EngineError.invalidValue("dense: got \(outputs) outputs, expected at least 1") }
    inputShape = input
    weight = try .denseWeight(name, outputs: outputs, inputs: input.count)
    bias = try .bias(name, outputs: outputs, fanIn: input.count)
  }

  var outputShape: FeatureShape { FeatureShape(vector: bias.count) }
  var parameters: [Parameter] { [weight, bias] }
  var macs: Int { weight.count }
  var backwardReadsInput: Bool { inputShape.isVector }
  var backwardReadsOutput: Bool { relu }

  /// A copy of a feature map as vectors in channel order; the weights' gradient needs them too.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int {
    inputShape.isVector ? 0 : batch * inputShape.count * MemoryLayout<Float>.stride
  }

  func fusingReLU() -> (any Layer)? {
    var fused = self
    fused.relu = true
    return fused
  }

  func forward(_ operands: ForwardOperands) throws {
    let vectors = try vectors(operands)
    if operands.arithmetic.int8DenseWeights { return try forwardQuantized(operands, vectors: vectors) }
    try Dense.forward(
      batch: operands.batch, inputs: inputShape.count, outputs: bias.count, input: vectors,
      weights: weight.value.pointer, bias: bias.value.pointer, relu: relu, output: operands.output,
      context: operands.context)
  }

  /// The input as vectors in channel order.
  func vectors<Element: ActivationElement, Output>(
    _ operands: TypedForwardOperands<Element, Output>
  ) throws -> UnsafePointer<Element> {
    guard let auxiliary = operands.auxiliary, !inputShape.isVector else { return operands.input }
    let vectors = auxiliary.assumingMemoryBound(to: Element.self)
    try Layout.nhwcToNCHW(
      batch: operands.batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
      input: operands.input, output: vectors, context: operands.context)
    return UnsafePointer(vectors)
  }

  func backward<Element: ActivationElement>(_ operands: TypedBackwardOperands<Element, Element>) throws {
    if relu { try operands.reluBackward(count: operands.batch * bias.count) }
    try backward(operands, sumsGradient: operands.outputGradient)
  }

  /// - Parameter sumsGradient: gradient of the values before the ReLU, in the input's type.
  func backward<Element: ActivationElement, Output>(
    _ operands: TypedBackwardOperands<Element, Output>, sumsGradient: UnsafePointer<Element>
  ) throws {
    let (batch, drivers, context) = (operands.batch, Element.dense, operands.context)
    let (inputs, outputs) = (inputShape.count, bias.count)
    let vectors = operands.auxiliary.assumingMemoryBound(to: Element.self)
    let input = inputShape.isVector ? operands.input : UnsafePointer(vectors)
    let isGivenAsFactors =
      operands.factors?.write(node: weight.node, images: batch, input: input, sumsGradient: sumsGradient) ?? false
    if operands.parameterGradients != .none && !isGivenAsFactors {
      try drivers.backwardFilter(
        batch, inputs, outputs, input, sumsGradient,
        try weight.makeGradient().pointer, try bias.makeGradient().pointer, operands.parameterGradients == .addedTo,
        operands.shards, context)
    }
    guard let inputGradient = operands.inputGradient else { return }
    // The kept vectors are no longer needed: their memory holds the gradient before it is converted to NHWC.
    try drivers.backwardData(
      batch, inputs, outputs, sumsGradient, weight.value.pointer, inputShape.isVector ? inputGradient : vectors,
      context)
    if !inputShape.isVector {
      try Layout.nchwToNHWC(
        batch: batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
        input: vectors, output: inputGradient, context: context)
    }
  }
}
