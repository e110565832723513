import Kernels
import Tensors

extension Network {
  /// Gradients of the last kept forward pass for `logitsGradient` [batch][classes].
  ///
  /// Parameters' gradients are replaced, or added to with `accumulate`; the input's gradient is written to
  /// `inputGradient` in `layout` if given. One backward pass follows one kept forward pass.
  /// A pass that throws midway leaves the gradients undefined: start again without `accumulate`.
  /// - Throws: ``EngineError/invalidValue(_:)`` without a kept forward pass of that batch size.
  public func backward(
    _ logitsGradient: UnsafePointer<Float>, batch: Int, layout: TensorLayout, accumulate: Bool,
    inputGradient: UnsafeMutablePointer<Float>?
  ) throws {
    try usage.writing("backward") {
      guard let execution = kept, execution.isComplete else {
        throw EngineError.invalidValue("backward: no forward pass has been kept; call forward with keep first")
      }
      guard execution.batch == batch else {
        throw EngineError.invalidValue(
          "backward: got gradients of \(batch) images, the kept forward pass had \(execution.batch)")
      }
      let native = try inputGradient.map { _ in try inputGradientMemory(batch: batch) }
      try backwardKept(
        execution, parameterGradients: accumulate ? .addedTo : .replaced, inputGradient: native?.pointer
      ) { gradient in
        gradient.update(from: logitsGradient, count: batch * classCount)
      }
      if let native, let inputGradient {
        try layout.write(
          native.pointer, shape: spec.input, batch: batch, into: inputGradient, context: execution.context)
      }
    }
  }

  /// The backward pass of the kept execution, with the logits' gradient written by `seed`.
  /// - Parameters:
  ///   - shards: how the batch is divided for the sums of the parameters' gradients; nil: not at all.
  ///   - firstImage: the place of the first image in the batch of ``factors``, which are written instead of the dense
  ///     layers' gradients; nil: they are not.
  package func backwardKept(
    _ execution: Execution, parameterGradients: ParameterGradients, shards: Shards? = nil,
    factorsFrom firstImage: Int? = nil, inputGradient: UnsafeMutablePointer<Float>?,
    seed: (UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    forgetFinished()
    let last = execution.plan.steps.count - 1
    guard let gradient = execution.gradient(of: last) else { return }
    execution.isComplete = false
    let start = StepRecorder.start(recorder)
    try seed(gradient)
    recorder?.add(.loss, since: start)
    if execution.plan.lowest <= last {
      // The gradient that comes last, so that all are made in one block.
      let walked = layers[execution.plan.steps[execution.plan.lowest].nodes.lowerBound...]
      _ = try walked.lazy.compactMap(\.parameters.first).first?.makeGradient()
    }
    try execution.backward(
      from: last, through: execution.plan.lowest, parameterGradients: parameterGradients, shards: shards,
      factors: firstImage.flatMap { first in factors.map { FactorTarget(factors: $0, firstImage: first) } },
      inputGradient: inputGradient,
      finished: { nodes in
        gradientMemory.finish(layers[nodes.lowerBound...].reduce(0) { $0 + $1.parameters.count })
      })
  }

  /// No gradient and no factor is finished any more: those of the next pass are not there yet.
  public func forgetFinished() {
    gradientMemory.finish(0)
    factors?.begin()
  }

  private func inputGradientMemory(batch: Int) throws -> AlignedBuffer<Float> {
    let count = try Extent.product([batch, spec.input.count], operation: "backward")
    if let inputGradient, inputGradient.count >= count { return inputGradient }
    let memory = try AlignedBuffer<Float>(count: count, operation: "backward: gradient of the input")
    inputGradient = memory
    return memory
  }
}
