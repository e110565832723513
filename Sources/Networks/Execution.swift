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

  /// Lets `write` fill the input of a plan that begins at the first node with the images `range` of a batch; if the
  /// plan computes in bfloat16, a few images at a time, which are then narrowed.
  package func writeInput(_ range: Range<Int>, _ write: Network.InputWriter) throws {
    let start = StepRecorder.start(recorder)
    let images: UnsafeMutablePointer<Float> = tensor(plan.input)
    let parts = Partition(range.count, atMost: plan.inputCapacity)
    for part in 0..<parts.parts {
      let (first, count) = (parts.range(part).lowerBound, parts.range(part).count)
      try write(images, range.lowerBound + first..<range.lowerBound + first + count, context)
      if let narrowedInput = plan.narrowedInput, let inputShape = plan.steps.first?.layer.layer.inputShape {
        try BFloat16Conversion.narrow(
          count: count * inputShape.count, input: images, output: tensor(narrowedInput) + first * inputShape.count,
          context: context)
      }
    }
    recorder?.add(.input, since: start)
  }

  /// The output of a step that computes in float32: logits, probabilities, and every step of float32 plans.
  package func output(of step: Int) -> UnsafeMutablePointer<Float> { tensor(plan.steps[step].output) }

  /// The gradient of such a step's output.
  package func gradient(of step: Int) -> UnsafeMutablePointer<Float>? { plan.steps[step].gradient.map(tensor) }

  /// The output of the last step: logits, if the plan goes that far.
  package var result: UnsafeMutablePointer<Float> { output(of: plan.steps.count - 1) }

  /// The step whose output is `node`'s.
  func step(of node: Int) -> Int? { plan.steps.firstIndex { $0.nodes.upperBound == node } }

  func forward(batch: Int, dropout: DropoutKey?) throws {
    self.batch = batch
    self.dropout = dropout
    for (index, step) in plan.steps.enumerated() {
      let start = StepRecorder.start(recorder)
      switch step.layer {
      case .float32(let layer): try layer.forward(forwardOperands(index))
      case .bfloat16(let layer): try layer.forward(forwardOperands(index))
      case .logits(let layer): try layer.forward(forwardOperands(index))
      }
      recorder?.add(.forward(step.nodes), since: start)
    }
  }

  /// From the gradient that the caller stored at the output of step `last` to the parameters' gradients and, if
  /// `inputGradient` is given, to the input's.
  func backward(from last: Int, accumulate: Bool, inputGradient: UnsafeMutablePointer<Float>?) throws {
    let first = inputGradient.map { plan.narrowedInputGradient.map(bytes) ?? UnsafeMutableRawPointer($0) }
    for index in (0...last).reversed() {
      let start = StepRecorder.start(recorder)
      switch plan.steps[index].layer {
      case .float32(let layer): try layer.backward(backwardOperands(index, accumulate, first))
      case .bfloat16(let layer): try layer.backward(backwardOperands(index, accumulate, first))
      case .logits(let layer): try layer.backward(backwardOperands(index, accumulate, first))
      }
      recorder?.add(.backward(plan.steps[index].nodes), since: start)
    }
    if let inputGradient, let narrowed = plan.narrowedInputGradient, let step = plan.steps.first {
      try BFloat16Conversion.widen(
        count: batch * step.layer.layer.inputShape.count, input: tensor(narrowed),
        output: inputGradient, context: context)
    }
  }

  // MARK: Operands

  private func forwardOperands<Input, Output>(_ index: Int) -> TypedForwardOperands<Input, Output> {
    let step = plan.steps[index]
    return TypedForwardOperands(
      batch: batch, input: UnsafePointer(tensor(inputPlace(index))), output: tensor(step.output),
      auxiliary: step.auxiliary.map(bytes), scratch: bytes(step.forwardScratch ?? step.output), dropout: dropout,
      arithmetic: arithmetic, weightCache: weightCache, context: context)
  }

  /// - Parameter inputGradient: where the first step writes its input's gradient, in its precision.
  private func backwardOperands<Input, Output>(
    _ index: Int, _ accumulate: Bool, _ inputGradient: UnsafeMutableRawPointer?
  ) -> TypedBackwardOperands<Input, Output> {
    let step = plan.steps[index]
    let previous = index == 0 ? inputGradient : plan.steps[index - 1].gradient.map(bytes)
    return TypedBackwardOperands(
      batch: batch, input: UnsafePointer(tensor(inputPlace(index))), output: UnsafePointer(tensor(step.output)),
      auxiliary: bytes(step.auxiliary ?? step.output), scratch: bytes(step.backwardScratch ?? step.output),
      outputGradient: tensor(step.gradient ?? step.output),
      inputGradient: previous?.assumingMemoryBound(to: Input.self), accumulate: accumulate, dropout: dropout,
      context: context)
  }

  private func inputPlace(_ index: Int) -> Plan.Place {
    index > 0 ? plan.steps[index - 1].output : plan.narrowedInput ?? plan.input
  }

  private func bytes(_ place: Plan.Place) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(block.pointer + place.offset)
  }

  private func tensor<Element>(_ place: Plan.Place) -> UnsafeMutablePointer<Element> {
    bytes(place).assumingMemoryBound(to: Element.self)
  }
}

// MARK: Between plans, and to the caller

extension Execution {
  /// Bytes per image where the plan begins and where it ends.
  var inputBytes: Int { (plan.steps.first?.layer).map { $0.layer.inputShape.count * $0.input.byteCount } ?? 0 }
  var resultBytes: Int { (plan.steps.last?.layer).map { $0.layer.outputShape.count * $0.output.byteCount } ?? 0 }

  /// What a plan that begins at a later node reads, and what one that ends before the logits produces.
  var rawInput: UnsafeMutableRawPointer { bytes(plan.input) }
  var rawResult: UnsafeMutableRawPointer { UnsafeMutableRawPointer(result) }

  /// Writes a step's output in float32 and `layout`.
  func write(outputOf step: Int, layout: TensorLayout, into target: UnsafeMutablePointer<Float>) throws {
    let (layer, place) = (plan.steps[step].layer, plan.steps[step].output)
    let shape = layer.layer.outputShape
    var values = UnsafePointer<Float>(tensor(place) as UnsafeMutablePointer<Float>)
    if layer.output == .bfloat16 {
      let count = batch * shape.count
      let widened = try context.shared(bytes: count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
      try BFloat16Conversion.widen(count: count, input: tensor(place), output: widened, context: context)
      values = UnsafePointer(widened)
    }
    try layout.write(values, shape: shape, batch: batch, into: target, context: context)
  }
}
