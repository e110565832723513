import KernelTemplates
import Tensors

/// Convolution and its gradients by Winograd's F(4×4, 3×3), with a quarter of the direct sum's products,
/// F(5×5, 3×3), with 49 instead of 225, F(2×2, 5×5), with 36 instead of 100, and F(4×4, 5×5), with 64 instead of 400:
/// see `WinogradTemplate`. With a stride it is computed as one of stride 1: see ``SpaceToDepth``.
///
/// Not exact even on integers, and a non-finite output makes its neighbours in the same tile non-finite: optional,
/// never the default. The error is within 2e-5 of the largest output for a random image; typically 1e-6 to 4e-6, with
/// F(5×5, 3×3) and F(4×4, 5×5) up to 1.2e-5, against 1e-6 for the direct sum in float32; within 5e-5 of the largest
/// filter gradient. The order of summation depends only on the shape and the instruction set.
public enum Winograd {
  /// Whether the method can compute the shape, forward and the filter gradient, and needs at most half of the direct
  /// products: small maps fill their last tiles poorly, and with few channels the transforms cost more than the
  /// products.
  public static func serves(_ shape: ConvolutionShape, context: ComputeContext) throws -> Bool {
    guard try context.gemm == .swift, computes(shape), shape.groupOutputs >= fewestChannels else { return false }
    let direct = (shape.kernelHeight * shape.kernelWidth).saturatingTimes(shape.outputHeight * shape.outputWidth)
    let block = shape.strideHeight * shape.strideWidth
    return products(shape, kernels(shape, context.kernels)).saturatingTimes(block) <= direct / 2
  }

  /// The transforms for tiles of the size that needs the fewest products. Six outputs of 3 taps from eight inputs would
  /// save little on maps of the usual sizes, and lose a bit or two.
  static func kernels(_ shape: ConvolutionShape, _ table: KernelTable) -> WinogradKernels {
    let (six, seven, eight) = table.winograd
    let large = SpaceToDepth(shape: shape).taps == 5 ? eight : seven
    return products(shape, large) < products(shape, six) ? large : six
  }

  /// Elements of a transformed tile, on which the form of transformed weights depends.
  public static func elements(_ shape: ConvolutionShape, context: ComputeContext) -> Int {
    kernels(shape, context.kernels).elements
  }

  /// Products for an image and a pair of channels, where an input's are those that ``SpaceToDepth`` makes.
  private static func products(_ shape: ConvolutionShape, _ kernels: WinogradKernels) -> Int {
    let side = kernels.outputs(taps: SpaceToDepth(shape: shape).taps)
    let tiles = Partition(shape.outputHeight, atMost: side).parts * Partition(shape.outputWidth, atMost: side).parts
    return kernels.elements.saturatingTimes(tiles)
  }

  /// Floats of the transformed weights.
  public static func transformedCount(_ shape: ConvolutionShape, context: ComputeContext) throws -> Int {
    let (kernels, elements) = (context.kernels.matrix, Winograd.kernels(shape, context.kernels).elements)
    return try Extent.product(
      [
        shape.groups, elements, kernels.panelCount(shape.groupOutputs), SpaceToDepth(shape: shape).groupInputs,
        kernels.columns,
      ], operation: "transformed weights")
  }

  /// Writes `transformed`: [group][element][panel][input channel][panel columns].
  public static func transformWeights(
    _ shape: ConvolutionShape, weights: UnsafePointer<Float>, into transformed: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let (kernels, transforms) = (context.kernels.matrix, Winograd.kernels(shape, context.kernels))
    let (width, panelCount) = (kernels.columns, kernels.panelCount(shape.groupOutputs))
    let spaceToDepth = SpaceToDepth(shape: shape)
    let panelFloats = spaceToDepth.groupInputs * width
    try context.forEach(shape.groups * panelCount, scratchBytes: transforms.squareCount * 4) { item, scratch in
      let (group, panel) = (item / panelCount, item % panelCount)
      let first = group &* shape.groupOutputs &+ panel &* width
      let valid = min(width, shape.groupOutputs &- panel &* width)
      let target = transformed + ((group &* transforms.elements &* panelCount &+ panel) &* panelFloats)
      for c in 0..<spaceToDepth.groupInputs {
        let (taps, offset) = spaceToDepth.kernels(of: c)
        transforms.transformKernels(
          taps, width, valid, weights + (offset &+ first), target + c &* width, panelCount &* panelFloats,
          scratch.assumingMemoryBound(to: Float.self))
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
    guard computes(shape) else { throw refusal(shape) }
    let plan = WinogradPlan(shape, kernels: context.kernels)
    let ownWeights = transformed == nil ? try transformedCount(shape, context: context) : 0
    let memory = try shared(ownWeights + plan.sharedCount, context)
    if transformed == nil { try transformWeights(shape, weights: weights, into: memory, context: context) }
    try plan.correlate(
      input: input, weights: transformed ?? UnsafePointer(memory), bias: bias, relu: relu, output: output,
      shared: memory + ownWeights, context: context)
  }

  /// Whether ``backwardData(_:outputGradient:weights:inputGradient:context:)`` can compute the shape and makes it
  /// cheaper.
  public static func servesBackwardData(_ shape: ConvolutionShape, context: ComputeContext) throws -> Bool {
    guard let correlation = try shape.ofInputGradient() else { return false }
    return try serves(correlation, context: context)
  }

  /// Writes `inputGradient`, see ``Convolution``: a correlation of the output gradient.
  public static func backwardData(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    guard let correlation = try shape.ofInputGradient(), computes(correlation) else { throw refusal(shape) }
    let plan = WinogradPlan(correlation, kernels: context.kernels)
    let count = try transformedCount(correlation, context: context)
    let weightCount = shape.kernelHeight * shape.kernelWidth * shape.groupInputs * shape.outputChannels
    let memory = try shared(count + max(weightCount, plan.sharedCount), context)
    let rest = memory + count  // first the rotated weights, then the tiles
    try rotate(weights, of: shape, into: rest, context: context)
    try transformWeights(correlation, weights: rest, into: memory, context: context)
    try plan.correlate(
      input: outputGradient, weights: memory, bias: nil, relu: false, output: inputGradient, shared: rest,
      context: context)
  }

  /// Adds to `weightGradient` and `biasGradient`, see ``Convolution``.
  public static func backwardFilter(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?, context: ComputeContext
  ) throws {
    guard computes(shape), shape.groupOutputs >= fewestChannels else { throw refusal(shape) }
    if let biasGradient {
      try addColumnSums(
        rows: shape.batch * shape.outputHeight * shape.outputWidth, columns: shape.outputChannels,
        matrix: outputGradient, sums: biasGradient, context: context)
    }
    let plan = WinogradFilterGradient(shape, kernels: context.kernels)
    try plan.add(
      input: input, outputGradient: outputGradient, weightGradient: weightGradient,
      shared: shared(plan.sharedCount, context), context: context)
  }

  /// ``Convolution``'s functions under the same names, which compute directly what this method does not serve.
  static func backwardDataWhereServed(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    if try servesBackwardData(shape, context: context) {
      try backwardData(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    } else {
      try Convolution.backwardData(
        shape, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient, context: context)
    }
  }

  static func backwardFilterWhereServed(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>?, context: ComputeContext
  ) throws {
    if try serves(shape, context: context) {
      try backwardFilter(
        shape, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        biasGradient: biasGradient, context: context)
    } else {
      try Convolution.backwardFilter(
        shape, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        biasGradient: biasGradient, context: context)
    }
  }

  /// Writes the weights of ``ConvolutionShape/ofInputGradient()``: turned by 180°, their channels swapped.
  private static func rotate(
    _ weights: UnsafePointer<Float>, of shape: ConvolutionShape, into rotated: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let taps = shape.kernelHeight * shape.kernelWidth
    let (inputs, outputs) = (shape.groupInputs, shape.groupOutputs)
    try context.forEach(taps * shape.groups) { item, _ in
      let (tap, group) = (item / shape.groups, item % shape.groups)
      transpose(
        weights + (tap &* inputs &* shape.outputChannels &+ group &* outputs), stride: shape.outputChannels,
        rows: inputs, columns: outputs,
        into: rotated + ((taps &- 1 &- tap) &* outputs &* shape.inputChannels &+ group &* inputs),
        targetStride: shape.inputChannels)
    }
  }

  private static func shared(_ count: Int, _ context: ComputeContext) throws -> UnsafeMutablePointer<Float> {
    try context.shared(bytes: count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
  }

  private static func refusal(_ shape: ConvolutionShape) -> EngineError {
    .unsupported(
      "winograd: got a kernel of \(shape.kernelHeight) × \(shape.kernelWidth), stride \(shape.strideHeight) × "
        + "\(shape.strideWidth), padding \(shape.padding), \(shape.groupInputs) input and \(shape.groupOutputs) output "
        + "channels in a group, expected 3 × 3 or 5 × 5 (of strides, rounded up), at least \(fewestChannels) channels, and for gradients a "
        + "padding below the kernel's size and, of the input, stride 1")
  }

  private static func computes(_ shape: ConvolutionShape) -> Bool {
    let spaceToDepth = SpaceToDepth(shape: shape)
    return spaceToDepth.isSquare && (spaceToDepth.taps == 3 || spaceToDepth.taps == 5)
      && spaceToDepth.groupInputs >= fewestChannels
  }

  /// One vector of the widest kind, which the transforms need.
  private static let fewestChannels = 16
}
