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
}
