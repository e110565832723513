/// What a part of a pass must do at least: additions and multiplications, and bytes read and written once each.
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
  package func forwardWork(_ nodes: ClosedRange<Int>, batch: Int, precision: Precision, training: Bool) -> Work {
    let step = StepSizes(layers[nodes], batch: batch, precision: precision, training: training)
    return Work(
      operations: 2 * step.macs, bytes: step.inputs + step.outputs + step.parameters + step.auxiliary)
  }

  /// The backward work, data and filter together; the first layer gives no gradient to its input.
  package func backwardWork(_ nodes: ClosedRange<Int>, batch: Int, precision: Precision) -> Work {
    let step = StepSizes(layers[nodes], batch: batch, precision: precision, training: true)
    let isFirst = nodes.lowerBound == 0
    let read =
      step.outputs + (step.readsInput ? step.inputs : 0) + (step.readsOutput ? step.outputs : 0)
      + (isFirst ? 0 : step.parameters)
    let written = step.parameters + (isFirst ? 0 : step.inputs)
    return Work(operations: (isFirst ? 2 : 4) * step.macs, bytes: read + written + step.auxiliary)
  }
}

/// Multiply-accumulates of a step, and bytes of what it reads and writes. Parameters and their gradients are float32.
private struct StepSizes {
  let macs, inputs, outputs, parameters, auxiliary: Double
  let readsInput, readsOutput: Bool

  init(_ layers: ArraySlice<any Layer>, batch: Int, precision: Precision, training: Bool) {
    let activation = Double(batch) * (precision == .bfloat16 ? 2 : 4)
    macs = Double(batch) * Double(layers.reduce(0) { $0 + $1.macs })
    inputs = activation * Double(layers.first?.inputShape.count ?? 0)
    outputs = activation * Double(layers.last?.outputShape.count ?? 0)
    parameters = 4 * Double(layers.flatMap(\.parameters).reduce(0) { $0 + $1.count })
    auxiliary = Double(layers.reduce(0) { $0 + $1.auxiliaryBytes(batch: batch, training: training) })
    readsInput = layers.first?.backwardReadsInput ?? false
    readsOutput = layers.contains { $0.backwardReadsOutput }
  }
}
