import CShims
import KernelTemplates
import Tensors

/// Softmax and the multinomial logistic loss (2012 paper, section 3.5) over rows of `classes` logits.
/// Probabilities are within 10 ε. A row with a NaN or +∞ gives NaN.
public enum SoftmaxCrossEntropy {
  /// p_c = e^(z_c − max z) / Σ e^(z_j − max z). `probabilities` may be `logits`.
  public static func softmax(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernels = context.kernels.pointwise
    try forEachRow(rows, classes, scratchBytes: 0, context) { row, _ in
      let target = probabilities + row &* classes
      let sums = kernels.exponentials(classes, logits + row &* classes, target)
      kernels.divide(classes, sums.sum, target, target)
    }
  }

  /// Losses −log p_label, one per row, and the gradient of their mean, (p − 1[label]) · w / Σ w.
  /// - Parameters:
  ///   - labels: 0 ..< classes; any other label gives that row a NaN loss and the gradient for no label.
  ///   - weights: of the rows in the mean; the losses themselves are without them.
  ///   - logitsGradient: may be `logits`; nil if only losses are needed.
  public static func forwardBackward(
    rows: Int, classes: Int, logits: UnsafePointer<Float>, labels: UnsafePointer<Int32>,
    weights: LossWeights, logitsGradient: UnsafeMutablePointer<Float>?, losses: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernels = context.kernels.pointwise
    let scratchBytes = logitsGradient == nil ? classes * MemoryLayout<Float>.stride : 0
    try forEachRow(rows, classes, scratchBytes: scratchBytes, context) { row, scratch in
      let label = Int(labels[row])
      let isLabel = label >= 0 && label < classes
      let logit = isLabel ? logits[row &* classes &+ label] : .nan
      let target = logitsGradient.map { $0 + row &* classes } ?? scratch.assumingMemoryBound(to: Float.self)
      let sums = kernels.exponentials(classes, logits + row &* classes, target)
      losses[row] = Float(log(Double(sums.sum)) + (Double(sums.maximum) - Double(logit)))
      guard logitsGradient != nil else { return }
      let (labelExponential, divisor) = (isLabel ? target[label] : 0, weights.divisor(row))
      kernels.divide(classes, sums.sum * divisor, target, target)
      if isLabel { target[label] = (labelExponential / sums.sum - 1) / divisor }
    }
  }

  static func forEachRow(
    _ rows: Int, _ classes: Int, scratchBytes: Int, _ context: ComputeContext,
    _ body: (_ row: Int, _ scratch: UnsafeMutableRawPointer) -> Void
  ) throws {
    let rowsPerItem = max(1, Elements.blockCount / 4 / classes)
    let items = (rows + rowsPerItem - 1) / rowsPerItem
    try context.forEach(items, scratchBytes: scratchBytes) { item, scratch in
      for row in (item &* rowsPerItem)..<min(rows, (item &+ 1) &* rowsPerItem) { body(row, scratch) }
    }
  }
}
