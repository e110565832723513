/// The least work of a part of a pass: additions and multiplications, and bytes read and written once each.
///
/// Operations are those of the sums as defined. Winograd's method needs fewer, so such a part can be faster than its
/// work allows.
public struct Work: Hashable, Sendable {
  public var operations: Double
  public var bytes: Double

  public init(operations: Double = 0, bytes: Double = 0) {
    self.operations = operations
    self.bytes = bytes
  }
}

extension Network {
  /// The forward work of the nodes that one step computes.
  package func forwardWork(_ nodes: ClosedRange<Int>, batch: Int, arithmetic: Arithmetic, training: Bool) -> Work {
    let step = stepSizes(nodes, batch: batch, arithmetic: arithmetic, training: training)
    return Work(
      operations: 2 * step.macs, bytes: step.inputs + step.outputs + step.parameters + step.auxiliary)
  }

  /// The backward work, data and filter together; the first layer gives no gradient to its input.
  package func backwardWork(_ nodes: ClosedRange<Int>, batch: Int, precision: Precision) -> Work {
    let step = stepSizes(nodes, batch: batch, arithmetic: Arithmetic(precision: precision), training: true)
    let isFirst = nodes.lowerBound == 0
    let read =
      step.outputs + (step.readsInput ? step.inputs : 0) + (step.readsOutput ? step.outputs : 0)
      + (isFirst ? 0 : step.parameters)
    let written = step.parameters + (isFirst ? 0 : step.inputs)
    return Work(operations: (isFirst ? 2 : 4) * step.macs, bytes: read + written + step.auxiliary)
  }

  private func stepSizes(
    _ nodes: ClosedRange<Int>, batch: Int, arithmetic: Arithmetic, training: Bool
  ) -> StepSizes {
    let quantization = try? requiredQuantization(arithmetic)
    let typed = nodes.map { Plan.typed(layers[$0], arithmetic, $0...$0, logits: logitsNode, quantization) }
    return StepSizes(typed, batch: batch, arithmetic: arithmetic, training: training)
  }
}

/// Multiply-accumulates of a step, and the bytes it reads and writes.
private struct StepSizes {
  let macs, inputs, outputs, parameters, auxiliary: Double
  let readsInput, readsOutput: Bool

  init(_ layers: [TypedLayer], batch: Int, arithmetic: Arithmetic, training: Bool) {
    macs = Double(batch) * Double(layers.reduce(0) { $0 + $1.macs })
    inputs = Double(batch) * Double(layers.first.map { $0.layer.inputShape.count * $0.input.byteCount } ?? 0)
    outputs = Double(batch) * Double(layers.last.map { $0.layer.outputShape.count * $0.output.byteCount } ?? 0)
    parameters = Double(layers.reduce(0) { $0 + $1.parameterBytes(arithmetic, training: training) })
    auxiliary = Double(layers.reduce(0) { $0 + $1.memory(batch: batch, training: training).auxiliary })
    readsInput = layers.first?.layer.backwardReadsInput ?? false
    readsOutput = layers.contains { $0.layer.backwardReadsOutput }
  }
}

extension TypedLayer {
  /// The network's own layer.
  private var original: any Layer { (layer as? WideningLayer)?.layer ?? layer }

  fileprivate var macs: Int { original.macs }

  /// Bytes of the parameters as a pass reads them, and in training of their gradients: float32, except for weights that
  /// inference keeps rounded.
  fileprivate func parameterBytes(_ arithmetic: Arithmetic, training: Bool) -> Int {
    layer.parameters.reduce(0) { bytes, parameter in
      let isRounded = !training && parameter.role == .weight
      return bytes + parameter.count * (isRounded ? weightBytes(arithmetic) : Precision.float32.byteCount)
    }
  }

  /// Whether it only reads and writes narrower numbers.
  private var computesInFloat32: Bool {
    switch self {
    case .float32: true
    case .bfloat16(let layer): layer is WideningLayer
    case .logits(let layer): layer is WideningLayer
    case .int8(let layer): layer is RoundingLayer
    case .int8Logits(let layer): layer is RoundingLayer
    }
  }

  /// Bytes per weight in inference.
  private func weightBytes(_ arithmetic: Arithmetic) -> Int {
    if arithmetic.int8DenseWeights, original is DenseLayer { return MemoryLayout<Int8>.stride }
    return computesInFloat32 ? Precision.float32.byteCount : input.byteCount
  }
}
