import CSwiftAlexNet
import Kernels
import Tensors

@c @implementation
public func sax_softmax(
  _ x: UnsafePointer<Float>, _ rows: Int64, _ classes: Int64, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    try SoftmaxCrossEntropy.softmax(
      rows: try Argument.size(rows, "softmax: rows"), classes: try Argument.size(classes, "softmax: classes"),
      logits: x, probabilities: y, context: try ComputeContext())
  }
}

@c @implementation
public func sax_cross_entropy(
  _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ rows: Int64, _ classes: Int64,
  _ weights: UnsafePointer<Float>?, _ loss: UnsafeMutablePointer<Double>, _ dx: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let rows = try Argument.size(rows, "cross_entropy: rows")
    let classes = try Argument.size(classes, "cross_entropy: classes")
    for row in 0..<rows where labels[row] < 0 || Int(labels[row]) >= classes {
      throw EngineError.invalidValue(
        "cross_entropy: label \(row) is \(labels[row]), expected 0 ≤ label < \(classes)")
    }
    let given = weights.map { Array(UnsafeBufferPointer(start: $0, count: rows)) }
    let weights = try LossWeights(given, rows: rows, operation: "cross_entropy")
    try OperatorTensors.with { tensors in
      let losses = try tensors.floats(rows)
      try SoftmaxCrossEntropy.forwardBackward(
        rows: rows, classes: classes, logits: x, labels: labels, weights: weights, logitsGradient: dx,
        losses: losses, context: tensors.context)
      loss.pointee = weights.mean(losses)
    }
  }
}
