import Kernels
import Tensors

struct AveragePoolSpec: LayerSpec {
  static let kind = "average_pool"
  var window: PoolWindow
  let countIncludePad: Bool

  var fields: String { "\(window.fields) count_include_pad=\(countIncludePad ? 1 : 0)" }

  func outputShape(for input: FeatureShape) throws -> FeatureShape {
    try window.shape(for: input, operation: Self.kind).outputShape
  }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    let shape = try window.shape(for: site.input, operation: Self.kind)
    return AveragePoolLayer(shape: shape, countIncludePad: countIncludePad)
  }

  func with(ceilMode: Bool) -> AveragePoolSpec {
    var rounded = self
    rounded.window.ceilMode = ceilMode
    return rounded
  }
}

extension AveragePoolSpec {
  init(fields: inout SpecFields) throws {
    window = try PoolWindow(fields: &fields)
    // The field's name in older files.
    let old = "counts_padding"
    countIncludePad = try fields.integer(fields.has(old) ? old : "count_include_pad") != 0
  }
}

extension NodeOperation {
  /// The mean of each window. `countIncludePad`: whether the divisor counts the window's padding; cuda-convnet's does not.
  public static func averagePool(
    kernel: Int, stride: Int, padding: Padding, ceilMode: Bool, countIncludePad: Bool
  ) -> NodeOperation {
    let window = PoolWindow(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
    return NodeOperation(AveragePoolSpec(window: window, countIncludePad: countIncludePad))
  }
}

/// The mean of overlapping windows (cuda-convnet's `avg`, used in its CIFAR-10 nets from the second pooling on).
struct AveragePoolLayer: Layer {
  let shape: PoolingShape
  let countIncludePad: Bool

  var inputShape: FeatureShape { shape.inputShape }
  var outputShape: FeatureShape { shape.outputShape }
  var detail: String { shape.windowDetail }

  func forward(_ operands: ForwardOperands) throws {
    try AveragePooling.forward(
      try shape.withBatch(operands.batch, operation: AveragePoolSpec.kind), countIncludePad: countIncludePad,
      input: operands.input, output: operands.output, context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try AveragePooling.backward(
      try shape.withBatch(operands.batch, operation: AveragePoolSpec.kind), countIncludePad: countIncludePad,
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
