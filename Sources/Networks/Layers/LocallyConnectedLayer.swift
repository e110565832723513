import Kernels
import Tensors

struct LocallyConnectedSpec: LayerSpec {
  static let kind = "locally_connected"
  var outputs: Int
  let kernel: Int
  let stride: Int
  let padding: Padding

  var fields: String { " outputs=\(outputs) kernel=\(kernel) stride=\(stride) pad=\(padding.text)" }
  var isWeighted: Bool { true }

  /// For one image.
  private func shape(for input: FeatureShape) throws -> ConvolutionShape {
    try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: padding, groups: 1, operation: Self.kind)
  }

  func outputShape(for input: FeatureShape) throws -> FeatureShape { try shape(for: input).outputShape }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try LocallyConnectedLayer(site.name, shape: shape(for: site.input))
  }

  func crosses(towers: Int) -> Bool { towers > 1 }

  func part(_ cut: TowerCut) throws -> LocallyConnectedSpec {
    var part = self
    part.outputs = try cut.share(of: outputs)
    return part
  }
}

extension LocallyConnectedSpec {
  init(fields: inout SpecFields) throws {
    outputs = try fields.integer("outputs")
    kernel = try fields.integer("kernel")
    stride = try fields.integer("stride")
    padding = try fields.padding("pad")
  }
}

extension NodeOperation {
  /// A convolution whose weights and biases are not shared between positions (cuda-convnet's `local`).
  public static func locallyConnected(outputs: Int, kernel: Int, stride: Int, padding: Padding) -> NodeOperation {
    NodeOperation(LocallyConnectedSpec(outputs: outputs, kernel: kernel, stride: stride, padding: padding))
  }
}

/// cuda-convnet's `local`: a convolution with separate weights and biases for every output position, and the ReLU after
/// it when `relu`. Its weights fit only one input size.
struct LocallyConnectedLayer: Layer {
  /// Batch 1; the operands bring the batch.
  let shape: ConvolutionShape
  let weight: Parameter
  let bias: Parameter
  var relu = false

  init(_ name: String, shape: ConvolutionShape) throws {
    self.shape = shape
    let (places, outputs) = ((height: shape.outputHeight, width: shape.outputWidth), shape.outputChannels)
    weight = try .localWeight(
      name, places: places, outputs: outputs, inputs: shape.inputChannels, kernel: shape.kernelHeight)
    bias = try .localBias(name, places: places, outputs: outputs, fanIn: weight.fanIn)
  }

  var inputShape: FeatureShape { shape.inputShape }
  var outputShape: FeatureShape { shape.outputShape }
  var parameters: [Parameter] { [weight, bias] }
  var macs: Int { shape.multiplyAccumulates }
  var detail: String { shape.windowDetail + ", untied" }
  var backwardReadsInput: Bool { true }
  var backwardReadsOutput: Bool { relu }

  func fusingReLU() -> (any Layer)? {
    var fused = self
    fused.relu = true
    return fused
  }

  func forward(_ operands: ForwardOperands) throws {
    try LocallyConnected.forward(
      try shape.withBatch(operands.batch), input: operands.input, weights: weight.value.pointer,
      bias: bias.value.pointer, relu: relu, output: operands.output, context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    let shape = try self.shape.withBatch(operands.batch)
    let (gradient, context) = (operands.outputGradient, operands.context)
    if relu { try operands.reluBackward(count: operands.batch * outputShape.count) }
    if operands.parameterGradients != .none {
      try operands.writeParameterGradients(try weight.makeGradient(), try bias.makeGradient()) {
        images, weightGradient, biasGradient, accumulate in
        try LocallyConnected.backwardFilter(
          try shape.withBatch(images.count), input: operands.input + images.lowerBound * inputShape.count,
          outputGradient: gradient + images.lowerBound * outputShape.count, weightGradient: weightGradient,
          biasGradient: biasGradient, accumulate: accumulate, context: context)
      }
    }
    if let inputGradient = operands.inputGradient {
      try LocallyConnected.backwardData(
        shape, outputGradient: gradient, weights: weight.value.pointer, inputGradient: inputGradient,
        context: context)
    }
  }
}
