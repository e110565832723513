import Kernels
import Tensors

/// One place where a network computes: a plan, its block of memory and a context. Serves one call at a time;
/// concurrent calls use an execution each.
package final class Execution: @unchecked Sendable {
  let plan: Plan
  let arithmetic: Arithmetic
  let observed: Set<Int>
  package let context: ComputeContext
  /// nil in training.
  private let weightCache: WeightCache?
  let recorder: StepRecorder?
  private let block: AlignedBuffer<UInt8>
  /// Images and dropout of the last forward pass, which backward continues.
  private(set) var batch = 0
  private(set) var dropout: DropoutKey?
  /// Whether the last forward pass ran to its end, so that a backward pass may follow.
  var isComplete = false

  init(
    plan: Plan, arithmetic: Arithmetic, observed: Set<Int>, weightCache: WeightCache?, context: ComputeContext,
    recorder: StepRecorder?
  ) throws {
    self.plan = plan
    self.arithmetic = arithmetic
    self.observed = observed
    self.weightCache = weightCache
    self.context = context
    self.recorder = recorder
    block = try AlignedBuffer(count: plan.byteCount, operation: "activations of \(plan.batchCapacity) images")
  }

  func doesWork(of nodes: ClosedRange<Int>, observed: Set<Int>, arithmetic: Arithmetic) -> Bool {
    self.observed == observed && plan.nodes == nodes && self.arithmetic == arithmetic
  }

  func doesSameWork(as other: Execution) -> Bool {
    doesWork(of: other.plan.nodes, observed: other.observed, arithmetic: other.arithmetic)
  }

  /// NHWC, what the first layer reads.
  var input: UnsafeMutablePointer<Float> { floats(plan.input) }

  package func output(of step: Int) -> UnsafeMutablePointer<Float> { floats(plan.steps[step].output) }

  package func gradient(of step: Int) -> UnsafeMutablePointer<Float>? { plan.steps[step].gradient.map(floats) }

  /// The output of the last step: logits, where the plan goes that far.
  package var result: UnsafeMutablePointer<Float> { output(of: plan.steps.count - 1) }

  /// The step whose output is `node`'s.
  func step(of node: Int) -> Int? { plan.steps.firstIndex { $0.nodes.upperBound == node } }

  func forward(batch: Int, dropout: DropoutKey?) throws {
    self.batch = batch
    self.dropout = dropout
    for (index, step) in plan.steps.enumerated() {
      let start = StepRecorder.start(recorder)
      try step.layer.forward(
        ForwardOperands(
          batch: batch, input: UnsafePointer(index == 0 ? input : output(of: index - 1)), output: output(of: index),
          auxiliary: step.auxiliary.map(bytes), dropout: dropout, arithmetic: arithmetic, weightCache: weightCache,
          context: context))
      recorder?.add(.forward(step.nodes), since: start)
    }
  }

  /// From the gradient that the caller put behind step `last` to the parameters' gradients and, where
  /// `inputGradient` is given, to the input's.
  func backward(from last: Int, accumulate: Bool, inputGradient: UnsafeMutablePointer<Float>?) throws {
    for index in (0...last).reversed() {
      let start = StepRecorder.start(recorder)
      let step = plan.steps[index]
      guard let outputGradient = gradient(of: index) else { continue }
      try step.layer.backward(
        BackwardOperands(
          batch: batch, input: UnsafePointer(index == 0 ? input : output(of: index - 1)),
          output: UnsafePointer(output(of: index)),
          auxiliary: step.auxiliary.map(bytes) ?? UnsafeMutableRawPointer(outputGradient),
          outputGradient: outputGradient, inputGradient: index == 0 ? inputGradient : gradient(of: index - 1),
          accumulate: accumulate, dropout: dropout, context: context))
      recorder?.add(.backward(step.nodes), since: start)
    }
  }

  private func bytes(_ place: Plan.Place) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(block.pointer + place.offset)
  }

  private func floats(_ place: Plan.Place) -> UnsafeMutablePointer<Float> {
    bytes(place).assumingMemoryBound(to: Float.self)
  }
}
