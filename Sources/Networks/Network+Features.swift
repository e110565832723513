import Kernels
import Tensors

/// Work that begins with a node's outputs, computed before and kept: what leads to them is not computed again.
extension Network {
  /// The first node to compute from the outputs of the node `name`.
  /// - Throws: ``EngineError/invalidValue(_:)`` for an unknown node, and for one with no logits behind it.
  package func firstNode(after name: String, operation: String) throws -> Int {
    let node = try node(named: name)
    guard node < logitsNode else {
      throw EngineError.invalidValue(
        "\(operation): got features of \(name), expected those of a node before \(spec.nodes[logitsNode].name), which "
          + "computes the logits")
    }
    return node + 1
  }

  /// Probabilities [batch][classes] from `features`, the outputs of the node `name` for `batch` images in `layout`: the
  /// same bits as from the images, with the engine's own kernels.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a node that does not serve; ``EngineError/nonFinite(_:)`` for
  ///   probabilities that are NaN, naming the parameter at fault.
  public func probabilities(
    features: UnsafePointer<Float>, after name: String, batch: Int, layout: TensorLayout,
    arithmetic: Arithmetic = Arithmetic(), into output: UnsafeMutablePointer<Float>
  ) throws {
    let first = try firstNode(after: name, operation: "predict")
    try usage.reading {
      try withExecution(pass(first...logitsNode, arithmetic), batch: batch) { execution in
        try execution.writeFeatures(features, batch: batch, layout: layout)
        try execution.forward(batch: batch, dropout: nil)
        try SoftmaxCrossEntropy.softmax(
          rows: batch, classes: classCount, logits: execution.result, probabilities: output,
          context: execution.context)
        let count = batch * classCount
        guard let index = try Finite.firstNonFinite(count: count, values: output, context: execution.context) else {
          return
        }
        let cause = try nonFiniteParameter(context: execution.context) ?? "all weights are finite"
        throw EngineError.nonFinite("predict: a probability is \(output[index].inWords): \(cause)")
      }
    }
  }
}

extension Execution {
  /// Fills the input of a plan that begins at a later node with the outputs of the node before it.
  package func writeFeatures(_ features: UnsafePointer<Float>, batch: Int, layout: TensorLayout) throws {
    guard let first = plan.steps.first?.layer else { return }
    let start = StepRecorder.start(recorder)
    let (shape, count) = (first.layer.inputShape, batch * first.layer.inputShape.count)
    if first.input == .float32 {
      let target = rawInput.assumingMemoryBound(to: Float.self)
      try layout.read(features, shape: shape, batch: batch, into: target, context: context)
    } else {
      let values = try context.shared(bytes: count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
      try layout.read(features, shape: shape, batch: batch, into: values, context: context)
      try narrow(values, count: count, to: plan.input)
    }
    recorder?.add(.input, since: start)
  }
}
