import Kernels
import Tensors

extension Network {
  /// Outputs of the nodes `names`, each written to its pointer in `layout`. Computes no further than the last one. What
  /// lies between two fused nodes is computed separately: `conv1` is before the ReLU, `relu1` after.
  public func capture(
    _ names: [String], batch: Int, layout: TensorLayout, arithmetic: Arithmetic = Arithmetic(), input: InputWriter,
    into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    let nodes = try names.map(node(named:))
    guard let last = nodes.max() else {
      throw EngineError.invalidValue("capture: got no names, expected at least one node")
    }
    guard nodes.count == outputs.count else {
      throw EngineError.invalidValue("capture: got \(outputs.count) outputs for \(nodes.count) names")
    }
    let observed = Set(nodes)
    try usage.reading {
      try withExecution(batch: batch, nodes: 0...last, observed: observed, arithmetic: arithmetic) { execution in
        try execution.writeInput(0..<batch, input)
        try execution.forward(batch: batch, dropout: nil)
        for (node, output) in zip(nodes, outputs) {
          guard let step = execution.step(of: node) else { continue }
          try execution.write(outputOf: step, layout: layout, into: output)
        }
      }
    }
  }

  public func capture(
    _ names: [String], of x: UnsafePointer<Float>, batch: Int, layout: TensorLayout,
    arithmetic: Arithmetic = Arithmetic(), into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    try capture(
      names, batch: batch, layout: layout, arithmetic: arithmetic, input: reader(x, layout: layout), into: outputs)
  }
}
