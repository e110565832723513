import Kernels
import Tensors

/// Cross-correlation with bias, and the ReLU behind it when `relu` (Krizhevsky et al. 2012, section 3.5).
struct ConvolutionLayer: Layer {
  /// Batch 1; the batch comes with the operands.
  private(set) var shape: ConvolutionShape
  let weight: Parameter
  let bias: Parameter
  var relu = false
  /// As specified; the shape's is cut to the image.
  private let stride: Int

  init(
    _ name: String, input: FeatureShape, outputs: Int, kernel: Int, stride: Int, padding: Padding, groups: Int
  ) throws {
    shape = try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: padding, groups: groups)
    self.stride = stride
    weight = try .convolutionWeight(
      name, outputs: outputs, inputs: input.channels / groups, kernel: kernel, groups: groups)
    bias = try .bias(name, outputs: outputs, fanIn: weight.fanIn)
  }

  var inputShape: FeatureShape {
    FeatureShape(height: shape.inputHeight, width: shape.inputWidth, channels: shape.inputChannels)
  }
  var outputShape: FeatureShape {
    FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: shape.outputChannels)
  }
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

  /// The padding stays what it was for the network's own size, at whatever sides it has it.
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

  /// - Parameter form: in which the cache keeps the weights.
  func forwardDirectly<Element: ActivationElement>(
    _ shape: ConvolutionShape, _ operands: TypedForwardOperands<Element, Element>, packedAs form: WeightCache.Form
  ) throws {
    let (drivers, context) = (Element.convolution, operands.context)
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
    let kept = try operands.weightCache?.form(.winograd, of: weight, byteCount: bytes) { memory in
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
    let (gradient, drivers, context) = (operands.outputGradient, Element.convolution, operands.context)
    if relu { try operands.reluBackward(count: operands.batch * outputShape.count) }
    let (weightGradient, biasGradient) = (try weight.makeGradient(), try bias.makeGradient())
    if !operands.accumulate {
      weightGradient.zero()
      biasGradient.zero()
    }
    try drivers.backwardFilter(
      shape, operands.input, gradient, weightGradient.pointer, biasGradient.pointer, context)
    if let inputGradient = operands.inputGradient {
      try drivers.backwardData(shape, gradient, weight.value.pointer, inputGradient, context)
    }
  }
}

extension ConvolutionShape {
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
