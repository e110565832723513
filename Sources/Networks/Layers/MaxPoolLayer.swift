import Kernels
import Tensors

struct MaxPoolSpec: LayerSpec {
  static let kind = "max_pool"
  var window: PoolWindow

  var fields: String { window.fields }

  func outputShape(for input: FeatureShape) throws -> FeatureShape {
    try window.shape(for: input, operation: Self.kind).outputShape
  }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    MaxPoolLayer(shape: try window.shape(for: site.input, operation: Self.kind))
  }

  func with(ceilMode: Bool) -> MaxPoolSpec {
    var rounded = self
    rounded.window.ceilMode = ceilMode
    return rounded
  }
}

extension MaxPoolSpec {
  init(fields: inout SpecFields) throws { window = try PoolWindow(fields: &fields) }
}

extension NodeOperation {
  public static func maxPool(kernel: Int, stride: Int, padding: Padding, ceilMode: Bool) -> NodeOperation {
    let window = PoolWindow(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
    return NodeOperation(MaxPoolSpec(window: window))
  }

  /// A square window without padding.
  static func maxPool(_ kernel: Int, stride: Int, ceilMode: Bool) -> NodeOperation {
    .maxPool(kernel: kernel, stride: stride, padding: Padding(0), ceilMode: ceilMode)
  }
}

/// The maximum of overlapping windows (Krizhevsky et al. 2012, section 3.4).
struct MaxPoolLayer: Layer {
  let shape: PoolingShape

  var inputShape: FeatureShape { shape.inputShape }
  var outputShape: FeatureShape { shape.outputShape }
  var detail: String { shape.windowDetail }

  /// One byte per output: which element of the window was the largest.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int { training ? batch * outputShape.count : 0 }

  func forward(_ operands: ForwardOperands) throws {
    try MaxPooling.forward(
      try shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), input: operands.input, output: operands.output,
      argument: operands.auxiliary?.assumingMemoryBound(to: UInt8.self), context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try MaxPooling.backward(
      try shape.withBatch(operands.batch, operation: MaxPoolSpec.kind), outputGradient: operands.outputGradient,
      argument: operands.auxiliary.assumingMemoryBound(to: UInt8.self), inputGradient: inputGradient,
      context: operands.context)
  }
}
