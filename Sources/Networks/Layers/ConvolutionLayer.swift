import Kernels
import Tensors

struct ConvolutionSpec: LayerSpec {
  static let kind = "convolution"
  var outputs: Int
  var kernel: Int
  let stride: Int
  let padding: Padding
  var groups: Int

  var fields: String { " outputs=\(outputs) kernel=\(kernel) stride=\(stride) pad=\(padding.text) groups=\(groups)" }
  var isWeighted: Bool { true }

  /// For one image.
  func shape(for input: FeatureShape) throws -> ConvolutionShape {
    try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: padding, groups: groups)
  }

  func outputShape(for input: FeatureShape) throws -> FeatureShape { try shape(for: input).outputShape }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try ConvolutionLayer(site.name, shape: shape(for: site.input), stride: stride)
  }

  /// Whether the one window is all of `input`, without padding.
  func covers(_ input: FeatureShape) -> Bool {
    padding == Padding(0) && kernel == input.height && kernel == input.width
  }

  func crosses(towers: Int) -> Bool { !groups.isMultiple(of: towers) }

  func part(_ cut: TowerCut) throws -> ConvolutionSpec {
    guard cut.isDivided || groups == 1 else {
      throw EngineError.unsupported("cut: \(cut.node) reads the whole map in \(groups) groups, expected 1")
    }
    var part = self
    part.outputs = try cut.share(of: outputs)
    part.groups = cut.isDivided ? groups / cut.towers : 1
    return part
  }
}

extension ConvolutionSpec {
  init(fields: inout SpecFields) throws {
    outputs = try fields.integer("outputs")
    kernel = try fields.integer("kernel")
    stride = try fields.integer("stride")
    padding = try fields.padding("pad")
    groups = try fields.integer("groups")
  }
}

extension NodeOperation {
  public static func convolution(
    outputs: Int, kernel: Int, stride: Int, padding: Padding, groups: Int
  ) -> NodeOperation {
    NodeOperation(
      ConvolutionSpec(outputs: outputs, kernel: kernel, stride: stride, padding: padding, groups: groups))
  }
}

/// Cross-correlation with bias, and the ReLU after it when `relu` (Krizhevsky et al. 2012, section 3.5).
struct ConvolutionLayer: Layer {
  /// Batch 1; the operands bring the batch.
  private(set) var shape: ConvolutionShape
  let weight: Parameter
  let bias: Parameter
  var relu = false
  /// As specified; the shape's stride is limited to the image.
  private let stride: Int

  init(_ name: String, shape: ConvolutionShape, stride: Int) throws {
    self.shape = shape
    self.stride = stride
    weight = try .convolutionWeight(
      name, outputs: shape.outputChannels, inputs: shape.inputChannels / shape.groups, kernel: shape.kernelHeight,
      groups: shape.groups)
    bias = try .bias(name, outputs: shape.outputChannels, fanIn: weight.fanIn)
  }

  var inputShape: FeatureShape { shape.inputShape }
  var outputShape: FeatureShape { shape.outputShape }
  var parameters: [Parameter] { [weight, bias] }
  var macs: Int { shape.multiplyAccumulates }
  var detail: String { shape.windowDetail + (shape.groups > 1 ? ", groups \(shape.groups)" : "") }
  var backwardReadsInput: Bool { true }
  var backwardReadsOutput: Bool { relu }

  func fusingReLU() -> (any Layer)? {
    var fused = self
    fused.relu = true
    return fused
  }

  /// The padding stays as it is for the network's own size, on each side.
  func resized(to input: FeatureShape) throws -> any Layer {
    guard input.channels == shape.inputChannels else {
      throw EngineError.invalidValue("got \(input.channels) channels, the weights are for \(shape.inputChannels)")
    }
    var resized = self
    resized.shape = try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: shape.inputChannels,
      outputChannels: shape.outputChannels, kernelHeight: shape.kernelHeight, kernelWidth: shape.kernelWidth,
      strideHeight: stride, strideWidth: stride, padding: shape.padding, groups: shape.groups)
    return resized
  }

  func forward(_ operands: ForwardOperands) throws {
    let shape = try self.shape.withBatch(operands.batch)
    if operands.arithmetic.fastMath, try Winograd.serves(shape, context: operands.context) {
      try forwardByWinograd(shape, operands)
    } else {
      let columns = Convolution.panelColumns(shape, context: operands.context)
      try forwardDirectly(shape, operands, packedAs: .packedFloat32(columns: columns))
    }
  }

  /// - Parameter form: the form in which the cache keeps the weights.
  func forwardDirectly<Element: ActivationElement>(
    _ shape: ConvolutionShape, _ operands: TypedForwardOperands<Element, Element>, packedAs form: WeightCache.Form
  ) throws {
    let (drivers, context) = (Element.convolution(fastMath: false), operands.context)
    let packed = try operands.weightCache?.form(
      form, of: weight, byteCount: try drivers.packedByteCount(shape, context)
    ) { try drivers.pack(shape, weight.value.pointer, $0, context) }
    try withExtendedLifetime(packed) {
      try drivers.forward(
        shape, operands.input, weight.value.pointer, packed.map { UnsafeRawPointer($0.pointer) }, bias.value.pointer,
        relu, operands.output, context)
    }
  }

  private func forwardByWinograd(_ shape: ConvolutionShape, _ operands: ForwardOperands) throws {
    let context = operands.context
    let bytes = try Winograd.transformedCount(shape, context: context) * MemoryLayout<Float>.stride
    let kept = try operands.weightCache?.form(
      .winograd(elements: Winograd.elements(shape, context: context)), of: weight, byteCount: bytes
    ) { memory in
      try Winograd.transformWeights(
        shape, weights: weight.value.pointer, into: memory.assumingMemoryBound(to: Float.self), context: context)
    }
    try withExtendedLifetime(kept) {
      let transformed = kept.map { UnsafeRawPointer($0.pointer).assumingMemoryBound(to: Float.self) }
      try Winograd.forward(
        shape, input: operands.input, weights: weight.value.pointer, transformed: transformed,
        bias: bias.value.pointer, relu: relu, output: operands.output, context: context)
    }
  }

  func backward<Element: ActivationElement>(_ operands: TypedBackwardOperands<Element, Element>) throws {
    let shape = try self.shape.withBatch(operands.batch)
    let drivers = Element.convolution(fastMath: operands.arithmetic.fastMath)
    let (gradient, context) = (operands.outputGradient, operands.context)
    if relu { try operands.reluBackward(count: operands.batch * outputShape.count) }
    if operands.parameterGradients != .none {
      let (weightGradient, biasGradient) = (try weight.makeGradient(), try bias.makeGradient())
      try operands.writeParameterGradients(weightGradient, biasGradient) {
        images, weightGradient, biasGradient, accumulate in
        if !accumulate {
          weightGradient.update(repeating: 0, count: weight.count)
          biasGradient.update(repeating: 0, count: bias.count)
        }
        try drivers.backwardFilter(
          try shape.withBatch(images.count), operands.input + images.lowerBound * inputShape.count,
          gradient + images.lowerBound * outputShape.count, weightGradient, biasGradient, context)
      }
    }
    if let inputGradient = operands.inputGradient {
      try drivers.backwardData(shape, gradient, weight.value.pointer, inputGradient, context)
    }
  }
}

extension ConvolutionShape {
  var inputShape: FeatureShape { FeatureShape(height: inputHeight, width: inputWidth, channels: inputChannels) }
  var outputShape: FeatureShape { FeatureShape(height: outputHeight, width: outputWidth, channels: outputChannels) }

  /// "3×3, stride 1, pad 1"
  var windowDetail: String {
    let uniform = [padding.left, padding.bottom, padding.right].allSatisfy { $0 == padding.top }
    let sides = uniform ? "\(padding.top)" : "(\(padding.top), \(padding.left), \(padding.bottom), \(padding.right))"
    return "\(kernelHeight)×\(kernelWidth), stride \(strideHeight), pad \(sides)"
  }

  func withBatch(_ batch: Int) throws -> ConvolutionShape {
    try ConvolutionShape(
      batch: batch, inputHeight: inputHeight, inputWidth: inputWidth, inputChannels: inputChannels,
      outputChannels: outputChannels, kernelHeight: kernelHeight, kernelWidth: kernelWidth,
      strideHeight: strideHeight, strideWidth: strideWidth, padding: padding, groups: groups)
  }
}
