import Kernels
import Tensors

/// y = x · W + b over the input read as a vector in the order channels, height, width, and the ReLU behind
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

  /// A feature map once more as vectors in channel order; the gradient of the weights needs them too.
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

  private func vectors(_ operands: ForwardOperands) throws -> UnsafePointer<Float> {
    guard let auxiliary = operands.auxiliary, !inputShape.isVector else { return operands.input }
    let vectors = auxiliary.assumingMemoryBound(to: Float.self)
    try Layout.nhwcToNCHW(
      batch: operands.batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
      input: operands.input, output: vectors, context: operands.context)
    return UnsafePointer(vectors)
  }

  func backward(_ operands: BackwardOperands) throws {
    let (batch, gradient, context) = (operands.batch, operands.outputGradient, operands.context)
    let (inputs, outputs) = (inputShape.count, bias.count)
    let vectors = operands.auxiliary.assumingMemoryBound(to: Float.self)
    if relu {
      try Activation.reluBackward(
        count: batch * outputs, output: operands.output, outputGradient: gradient, inputGradient: gradient,
        context: context)
    }
    try Dense.backwardFilter(
      batch: batch, inputs: inputs, outputs: outputs,
      input: inputShape.isVector ? operands.input : UnsafePointer(vectors),
      outputGradient: gradient, weightGradient: try weight.makeGradient().pointer,
      biasGradient: try bias.makeGradient().pointer, accumulate: operands.accumulate, context: context)
    guard let inputGradient = operands.inputGradient else { return }
    // The kept vectors have served: their memory takes the gradient before it is put back into NHWC.
    try Dense.backwardData(
      batch: batch, inputs: inputs, outputs: outputs, outputGradient: gradient, weights: weight.value.pointer,
      inputGradient: inputShape.isVector ? inputGradient : vectors, context: context)
    if !inputShape.isVector {
      try Layout.nchwToNHWC(
        batch: batch, channels: inputShape.channels, height: inputShape.height, width: inputShape.width,
        input: vectors, output: inputGradient, context: context)
    }
  }
}
