import KernelTemplates
import Tensors

/// Convolution of stride 1 by Winograd's F(4×4, 3×3) and F(2×2, 5×5), see `WinogradTemplate`: a quarter of the direct sum's
/// products, or 36 in place of 100.
///
/// Not exact on integers, and an output that is not finite makes its neighbours of the same tile so: a choice, never
/// the default. The error is within 2e-5 of the largest output of a random image; it is some 1e-6 to 4e-6, where the
/// direct sum in float32 has 1e-6. Sums are taken in an order that depends on the shape and the instruction set alone.
public enum Winograd {
  /// Whether the method can compute the shape and has half of the direct products at most: small maps fill their last
  /// tiles badly, and few channels make the transforms dearer than the products.
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

  /// Writes `output`; with `relu`, max(0, ·) of it. Layouts are those of ``Convolution``.
  /// - Parameter transformed: the weights by ``transformWeights(_:weights:into:context:)`` on the same instruction set;
  ///   nil: they are transformed for this call.
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

  /// One vector of the widest, which the transforms need.
  private static let fewestChannels = 16
}
