import Kernels
import Tensors

/// One place where a network computes: a plan, its block of memory and a context. Serves one call at a time;
/// concurrent calls use an execution each.
package final class Execution: @unchecked Sendable {
  let pass: Pass
  let plan: Plan
  package let context: ComputeContext
  /// nil in training.
  private let weightCache: WeightCache?
  let recorder: StepRecorder?
  private let block: AlignedBuffer<UInt8>
  /// Images and dropout of the last forward pass, which backward continues.
  private(set) var batch = 0
  private(set) var dropout: DropoutKey?
  /// How the batch is divided for the sums of parameters' gradients.
  private var shards = Shards(whole: 0)
  private var factors: FactorTarget?
  /// Whether the last forward pass ran to its end, so that a backward pass may follow.
  var isComplete = false

  init(
    pass: Pass, plan: Plan, weightCache: WeightCache?, context: ComputeContext, recorder: StepRecorder?
  ) throws {
    self.pass = pass
    self.plan = plan
    self.weightCache = weightCache
    self.context = context
    self.recorder = recorder
    block = try AlignedBuffer(count: plan.byteCount, operation: "activations of \(plan.batchCapacity) images")
  }

  /// Lets `write` fill the input of a plan that begins at the first node with the images `range` of a batch; if the
  /// plan computes in bfloat16 or bytes, a few images at a time, which are then narrowed.
  /// - Throws: what `write` throws; ``EngineError/nonFinite(_:)`` for a value that has no byte.
  package func writeInput(_ range: Range<Int>, _ write: Network.InputWriter) throws {
    let start = StepRecorder.start(recorder)
    let images: UnsafeMutablePointer<Float> = tensor(plan.input)
    let parts = Partition(range.count, atMost: plan.inputCapacity)
    for part in 0..<parts.parts {
      let (first, count) = (parts.range(part).lowerBound, parts.range(part).count)
      try write(images, range.lowerBound + first..<range.lowerBound + first + count, context)
      if let narrowedInput = plan.narrowedInput, let inputShape = plan.steps.first?.layer.layer.inputShape {
        try narrow(images, count: count * inputShape.count, to: narrowedInput, from: first * inputShape.count)
      }
    }
    recorder?.add(.input, since: start)
  }

  /// Writes `values` in the precision of the first step to the elements of a tensor from `first` on.
  func narrow(_ values: UnsafePointer<Float>, count: Int, to place: Plan.Place, from first: Int = 0) throws {
    if let quantization = plan.inputQuantization {
      try quantization.quantizeFinite(
        "the input", count: count, values, into: tensor(place) + first, context: context)
    } else {
      try BFloat16Conversion.narrow(count: count, input: values, output: tensor(place) + first, context: context)
    }
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
      case .int8(let layer): try layer.forward(forwardOperands(index))
      case .int8Logits(let layer): try layer.forward(forwardOperands(index))
      }
      recorder?.add(.forward(step.nodes), since: start)
    }
  }

  /// From the gradient stored at the output of step `last` back through step `first`: to the parameters' gradients and,
  /// if `inputGradient` is given and `first` is 0, to the input's.
  /// - Parameter visit: called for each step once the gradient of its output has come from the step behind it, and in
  ///   the end for the step before `first`.
  /// - Parameter finished: called with the nodes of each step whose gradients are complete.
  func backward(
    from last: Int, through first: Int = 0, parameterGradients: ParameterGradients, shards: Shards? = nil,
    factors: FactorTarget? = nil, relu: ReLURule = .standard, inputGradient: UnsafeMutablePointer<Float>?,
    visit: (_ step: Int) throws -> Void = { _ in }, finished: (_ nodes: ClosedRange<Int>) -> Void = { _ in }
  ) throws {
    (self.shards, self.factors) = (shards ?? Shards(whole: batch), factors)
    let target = inputGradient.map { plan.narrowedInputGradient.map(bytes) ?? UnsafeMutableRawPointer($0) }
    for index in stride(from: last, through: first, by: -1) {
      try visit(index)
      let start = StepRecorder.start(recorder)
      switch plan.steps[index].layer {
      case .float32(let layer): try layer.backward(backwardOperands(index, parameterGradients, relu, target))
      case .bfloat16(let layer): try layer.backward(backwardOperands(index, parameterGradients, relu, target))
      case .logits(let layer): try layer.backward(backwardOperands(index, parameterGradients, relu, target))
      case .int8, .int8Logits: try pass.arithmetic.requireTrainable(operation: "backward")
      }
      recorder?.add(.backward(plan.steps[index].nodes), since: start)
      finished(plan.steps[index].nodes)
    }
    if first > 0 { return try visit(first - 1) }
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
      arithmetic: pass.arithmetic, weightCache: weightCache, context: context)
  }

  /// - Parameter inputGradient: where the first step writes its input's gradient, in its precision.
  private func backwardOperands<Input, Output>(
    _ index: Int, _ parameterGradients: ParameterGradients, _ relu: ReLURule,
    _ inputGradient: UnsafeMutableRawPointer?
  ) -> TypedBackwardOperands<Input, Output> {
    let step = plan.steps[index]
    let previous = index == 0 ? inputGradient : plan.steps[index - 1].gradient.map(bytes)
    return TypedBackwardOperands(
      batch: batch, input: UnsafePointer(tensor(inputPlace(index))), output: UnsafePointer(tensor(step.output)),
      auxiliary: bytes(step.auxiliary ?? step.output), scratch: bytes(step.backwardScratch ?? step.output),
      outputGradient: tensor(step.gradient ?? step.output),
      inputGradient: previous?.assumingMemoryBound(to: Input.self), parameterGradients: parameterGradients,
      shards: shards, factors: factors, relu: relu, dropout: dropout, arithmetic: pass.arithmetic, context: context)
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
    try write(plan.steps[step].output, of: step, layout: layout, into: target)
  }

  /// Writes the gradient of a step's output likewise.
  func write(gradientOf step: Int, layout: TensorLayout, into target: UnsafeMutablePointer<Float>) throws {
    if let gradient = plan.steps[step].gradient { try write(gradient, of: step, layout: layout, into: target) }
  }

  private func write(
    _ place: Plan.Place, of step: Int, layout: TensorLayout, into target: UnsafeMutablePointer<Float>
  ) throws {
    let layer = plan.steps[step].layer
    let shape = layer.layer.outputShape
    var values = UnsafePointer<Float>(tensor(place) as UnsafeMutablePointer<Float>)
    if layer.output != .float32 {
      let count = batch * shape.count
      let widened = try context.shared(bytes: count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
      if let quantization = plan.steps[step].quantization {
        try quantization.dequantize(count: count, input: tensor(place), output: widened, context: context)
      } else {
        try BFloat16Conversion.widen(count: count, input: tensor(place), output: widened, context: context)
      }
      values = UnsafePointer(widened)
    }
    try layout.write(values, shape: shape, batch: batch, into: target, context: context)
  }

  /// Makes `cotangent`, float32 in `layout`, the gradient of a step's output, or adds it to what has come from behind.
  func seed(
    gradientOf step: Int, with cotangent: UnsafePointer<Float>, layout: TensorLayout, adds: Bool
  ) throws {
    guard let gradient = plan.steps[step].gradient else { return }
    let (layer, shape) = (plan.steps[step].layer, plan.steps[step].layer.layer.outputShape)
    let count = batch * shape.count
    if !adds && layer.output == .float32 {
      return try layout.read(cotangent, shape: shape, batch: batch, into: tensor(gradient), context: context)
    }
    let values = try context.shared(bytes: count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
    try layout.read(cotangent, shape: shape, batch: batch, into: values, context: context)
    switch (layer.output, adds) {
    case (.int8, _): try pass.arithmetic.requireTrainable(operation: "seed")
    case (.float32, _): try Addition.add(count: count, values, to: tensor(gradient), context: context)
    case (.bfloat16, true): try Addition.add(count: count, values, toBFloat16: tensor(gradient), context: context)
    case (.bfloat16, false):
      try BFloat16Conversion.narrow(count: count, input: values, output: tensor(gradient), context: context)
    }
  }
}
