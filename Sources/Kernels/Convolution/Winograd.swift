import KernelTemplates
import Tensors

/// Stride-1 convolution by Winograd's F(4×4, 3×3) and F(2×2, 5×5), see `WinogradTemplate`: a quarter of the direct
/// sum's products, or 36 instead of 100.
///
/// Not exact even on integers, and a non-finite output makes its neighbours in the same tile non-finite: optional,
/// never the default. The error is within 2e-5 of the largest output for a random image; typically 1e-6 to 4e-6,
/// against 1e-6 for the direct sum in float32. The order of summation depends only on the shape and the instruction
/// set.
public enum Winograd {
  /// Whether the method can compute the shape and needs at most half of the direct products: small maps fill their last
  /// tiles poorly, and with few channels the transforms cost more than the products.
  public static func serves(_ shape: ConvolutionShape, context: ComputeContext) throws -> Bool {
    guard try context.gemm == .swift, computes(shape), shape.groupOutputs >= fewestChannels else { return false }
    let outputs = shape.outputHeight * shape.outputWidth
    let side = WinogradTemplate.outputs(taps: shape.kernelHeight)
    let tiles = Partition(shape.outputHeight, atMost: side).parts * Partition(shape.outputWidth, atMost: side).parts
    return WinogradTemplate.elements * tiles <= outputs * shape.kernelHeight * shape.kernelWidth / 2
  }

  /// Floats of the transformed weights.
  public static func transformedCount(_ shape: ConvolutionShape, context: ComputeContext) throws -> Int {
    let kernels = context.kernels.matrix
    return try Extent.product(
      [
        shape.groups, WinogradTemplate.elements, kernels.panelCount(shape.groupOutputs), shape.groupInputs,
        kernels.columns,
      ], operation: "transformed weights")
  }

  /// Writes `transformed`: [group][36][panel][input channel][panel columns].
  public static func transformWeights(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, into transformed: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let (kernels, transform) = (context.kernels.matrix, context.kernels.winograd.transformKernels)
    let (width, elements, outputs) = (kernels.columns, WinogradTemplate.elements, shape.outputChannels)
    let (inputs, panelCount) = (shape.groupInputs, kernels.panelCount(shape.groupOutputs))
    let panelFloats = inputs * width
    try context.forEach(shape.groups * panelCount, scratchBytes: WinogradKernels.squareCount * 4) { item, scratch in
      let (group, panel) = (item / panelCount, item % panelCount)
      let valid = min(width, shape.groupOutputs &- panel &* width)
      let target = transformed + ((group &* elements &* panelCount &+ panel) &* panelFloats)
      let matrixStride = panelCount &* panelFloats
      for c in 0..<inputs {
        transform(
          shape.kernelHeight, width, valid, weights + (c &* outputs &+ group &* shape.groupOutputs &+ panel &* width),
          inputs &* outputs,
          target + (c &* width), matrixStride, scratch.assumingMemoryBound(to: Float.self))
      }
    }
  }

  /// Writes `output`; with `relu`, its max(0, ·). Layouts are those of ``Convolution``.
  /// - Parameter transformed: the weights from ``transformWeights(_:weights:into:context:)`` with the same instruction
  ///   set; nil: they are transformed for this call.
  public static func forward(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    transformed: UnsafePointer<Float>? = nil, bias: UnsafePointer<Float>?, relu: Bool,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    guard computes(shape) else {
      throw EngineError.unsupported(
        "winograd: got a kernel of \(shape.kernelHeight) × \(shape.kernelWidth), stride \(shape.strideHeight) × "
          + "\(shape.strideWidth) and \(shape.groupInputs) input channels, expected 3 × 3 or 5 × 5, stride 1 and at least "
          + "\(fewestChannels)")
    }
    let plan = WinogradPlan(shape, kernels: context.kernels)
    let ownWeights = transformed == nil ? try transformedCount(shape, context: context) : 0
    let memory = try context.shared(bytes: (ownWeights + plan.sharedCount) * MemoryLayout<Float>.stride)
      .assumingMemoryBound(to: Float.self)
    if transformed == nil { try transformWeights(shape, weights: weights, into: memory, context: context) }
    let (transformed, shared) = (transformed ?? UnsafePointer(memory), memory + ownWeights)
    try context.forEach(plan.sharedItems, scratchBytes: plan.layout.bytes) { item, scratch in
      plan.transform(item, input: input, into: shared, scratch: scratch)
    }
    try context.forEach(plan.items, scratchBytes: plan.layout.bytes) { item, scratch in
      plan.run(
        item, input: input, shared: shared, transformed: transformed, bias: bias, relu: relu, output: output,
        scratch: scratch)
    }
  }

  private static func computes(_ shape: ConvolutionShape) -> Bool {
    (shape.kernelHeight == 3 || shape.kernelHeight == 5) && shape.kernelWidth == shape.kernelHeight
      && shape.strideHeight == 1 && shape.strideWidth == 1 && shape.groupInputs >= fewestChannels
  }

  /// One vector of the widest kind, which the transforms need.
  private static let fewestChannels = 16
}
