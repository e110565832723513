import Kernels
import Tensors

/// Any layer between bfloat16 activations: widens its input, computes in float32, rounds its output.
struct WideningLayer: BFloat16LogitsLayer {
  let layer: any Layer

  var inputShape: FeatureShape { layer.inputShape }
  var outputShape: FeatureShape { layer.outputShape }
  var parameters: [Parameter] { layer.parameters }
  var backwardReadsInput: Bool { layer.backwardReadsInput }
  var backwardReadsOutput: Bool { layer.backwardReadsOutput }

  func auxiliaryBytes(batch: Int, training: Bool) -> Int { layer.auxiliaryBytes(batch: batch, training: training) }

  /// Backward may hold all four tensors.
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory {
    let bytes = WidenedTensors.byteCount(batch, inputShape) + WidenedTensors.byteCount(batch, outputShape)
    return LayerMemory(
      auxiliary: auxiliaryBytes(batch: batch, training: training), forwardScratch: bytes, backwardScratch: 2 * bytes)
  }

  func forward(_ operands: ForwardOperands) throws { try layer.forward(operands) }
  func backward(_ operands: BackwardOperands) throws { try layer.backward(operands) }

  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws {
    var tensors = WidenedTensors(operands.scratch, context: operands.context)
    let count = operands.batch * outputShape.count
    let input = try tensors.widened(operands.input, count: operands.batch * inputShape.count)
    let output = tensors.take(count)
    try layer.forward(operands.replacing(input: input, output: output))
    try BFloat16Conversion.narrow(count: count, input: output, output: operands.output, context: operands.context)
  }

  func forward(_ operands: TypedForwardOperands<BFloat16, Float>) throws {
    var tensors = WidenedTensors(operands.scratch, context: operands.context)
    let input = try tensors.widened(operands.input, count: operands.batch * inputShape.count)
    try layer.forward(operands.replacing(input: input, output: operands.output))
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws {
    var tensors = WidenedTensors(operands.scratch, context: operands.context)
    let count = operands.batch * outputShape.count
    let gradient = try tensors.widened(UnsafePointer(operands.outputGradient), count: count)
    let output = backwardReadsOutput ? try tensors.widened(operands.output, count: count) : gradient
    try backward(operands, output: UnsafePointer(output), outputGradient: gradient, &tensors)
  }

  func backward(_ operands: TypedBackwardOperands<BFloat16, Float>) throws {
    var tensors = WidenedTensors(operands.scratch, context: operands.context)
    try backward(operands, output: operands.output, outputGradient: operands.outputGradient, &tensors)
  }

  private func backward<Output>(
    _ operands: TypedBackwardOperands<BFloat16, Output>, output: UnsafePointer<Float>,
    outputGradient: UnsafeMutablePointer<Float>, _ tensors: inout WidenedTensors
  ) throws {
    let count = operands.batch * inputShape.count
    let isRead = layer.backwardReadsInput(training: operands.parameterGradients != .none)
    let input =
      isRead ? UnsafePointer(try tensors.widened(operands.input, count: count)) : UnsafePointer(output)
    let inputGradient = operands.inputGradient.map { _ in tensors.take(count) }
    try layer.backward(
      BackwardOperands(
        batch: operands.batch, input: input, output: output, auxiliary: operands.auxiliary, scratch: operands.scratch,
        outputGradient: outputGradient, inputGradient: inputGradient,
        parameterGradients: operands.parameterGradients, shards: operands.shards, factors: operands.factors,
        relu: operands.relu, dropout: operands.dropout, arithmetic: operands.arithmetic, context: operands.context))
    if let inputGradient, let narrowed = operands.inputGradient {
      try BFloat16Conversion.narrow(count: count, input: inputGradient, output: narrowed, context: operands.context)
    }
  }
}

/// Float32 tensors one after another in a layer's scratch.
private struct WidenedTensors {
  private var next: UnsafeMutableRawPointer
  private let context: ComputeContext

  init(_ scratch: UnsafeMutableRawPointer, context: ComputeContext) {
    next = scratch
    self.context = context
  }

  /// Whole cache lines, and one more for kernels that read past the end.
  static func byteCount(_ batch: Int, _ shape: FeatureShape) -> Int { byteCount(batch * shape.count) }

  private static func byteCount(_ count: Int) -> Int {
    let line = AlignedBuffer<UInt8>.alignment
    return (count * MemoryLayout<Float>.stride / line + 2) * line
  }

  mutating func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    defer { next += Self.byteCount(count) }
    return next.assumingMemoryBound(to: Float.self)
  }

  mutating func widened(_ values: UnsafePointer<BFloat16>, count: Int) throws -> UnsafeMutablePointer<Float> {
    let widened = take(count)
    try BFloat16Conversion.widen(count: count, input: values, output: widened, context: context)
    return widened
  }
}
