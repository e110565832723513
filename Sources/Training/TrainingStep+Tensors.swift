import Networks
import Tensors

extension Network {
  /// A step on `x` [batch] × the input shape, float32, preprocessed, in `layout`.
  public func trainStep(
    _ x: UnsafePointer<Float>, labels: UnsafePointer<Int32>, batch: Int, layout: TensorLayout, options: StepOptions
  ) throws -> StepResult {
    try trainStep(
      batch: batch, labels: labels, input: reader(x, layout: layout), options: options)
  }

  /// ``gradients(batch:labels:share:input:options:)`` of `x` likewise.
  public func gradients(
    _ x: UnsafePointer<Float>, labels: UnsafePointer<Int32>, batch: Int, layout: TensorLayout, share: BatchShare,
    options: StepOptions
  ) throws -> [ShardResult] {
    try gradients(
      batch: batch, labels: labels, share: share, input: reader(x, layout: layout), options: options)
  }

  /// A step that begins with `features`, the outputs of the node `name` for `batch` images, float32 in `layout`: what
  /// leads to them is neither computed nor changed. Dropout's masks are those of a step on the images.
  /// - Throws: As a step on images; ``EngineError/invalidValue(_:)`` for a node that has no logits behind it, and if a
  ///   parameter up to that node has a learning rate above 0.
  public func trainStep(
    features: UnsafePointer<Float>, after name: String, labels: UnsafePointer<Int32>, batch: Int,
    layout: TensorLayout, options: StepOptions
  ) throws -> StepResult {
    let first = try firstNode(after: name, operation: "train_step")
    return try trainStep(batch: batch, labels: labels, options: options, from: first) {
      try $0.writeFeatures(features, batch: batch, layout: layout)
    }
  }

  /// ``gradients(batch:labels:share:input:options:)`` of a step that begins with `features` likewise.
  public func gradients(
    features: UnsafePointer<Float>, after name: String, labels: UnsafePointer<Int32>, batch: Int,
    layout: TensorLayout, share: BatchShare, options: StepOptions
  ) throws -> [ShardResult] {
    let first = try firstNode(after: name, operation: "gradients")
    return try gradients(batch: batch, labels: labels, share: share, options: options, from: first) {
      try $0.writeFeatures(features, batch: batch, layout: layout)
    }
  }
}
