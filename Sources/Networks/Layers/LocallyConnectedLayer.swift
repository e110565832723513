import Kernels
import Tensors

/// cuda-convnet's `local`: a convolution with weights and biases of its own at every output position, and the ReLU
/// behind it when `relu`. Its weights tie it to one size of input.
struct LocallyConnectedLayer: Layer {
  /// Batch 1; the batch comes with the operands.
  let shape: ConvolutionShape
  let weight: Parameter
  let bias: Parameter
  var relu = false

  init(_ name: String, input: FeatureShape, outputs: Int, kernel: Int, stride: Int, padding: Padding) throws {
    shape = try ConvolutionShape(
      batch: 1, inputHeight: input.height, inputWidth: input.width, inputChannels: input.channels,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: padding, groups: 1, operation: "locally_connected")
    let places = (height: shape.outputHeight, width: shape.outputWidth)
    weight = try .localWeight(name, places: places, outputs: outputs, inputs: input.channels, kernel: kernel)
    bias = try .localBias(name, places: places, outputs: outputs, fanIn: weight.fanIn)
  }

  var inputShape: FeatureShape {
    FeatureShape(height: shape.inputHeight, width: shape.inputWidth, channels: shape.inputChannels)
  }
  var outputShape: FeatureShape {
    FeatureShape(height: shape.outputHeight, width: shape.outputWidth, channels: shape.outputChannels)
  }
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
    try LocallyConnected.backwardFilter(
      shape, input: operands.input, outputGradient: gradient, weightGradient: try weight.makeGradient().pointer,
      biasGradient: try bias.makeGradient().pointer, accumulate: operands.accumulate, context: context)
    if let inputGradient = operands.inputGradient {
      try LocallyConnected.backwardData(
        shape, outputGradient: gradient, weights: weight.value.pointer, inputGradient: inputGradient,
        context: context)
    }
  }
}
