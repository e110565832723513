import Kernels
import Tensors

extension Network {
  /// Outputs of the nodes `names` for [batch] images of `height` × `width` pixels, each written to its pointer in
  /// `layout`. Computes no further than the last one. What lies between two fused nodes is computed separately: `conv1`
  /// is before the ReLU, `relu1` after.
  /// - Throws: ``EngineError/invalidValue(_:)``, and ``EngineError/unsupported(_:)`` for images of another size than the
  ///   network's if a node on the way fits one size only, as dense layers do.
  public func capture(
    _ names: [String], batch: Int, height: Int, width: Int, layout: TensorLayout,
    arithmetic: Arithmetic = Arithmetic(), input: InputWriter, into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    let nodes = try names.map { try node(named: $0, operation: "capture") }
    guard let last = nodes.max() else {
      throw EngineError.invalidValue("capture: got no names, expected at least one node")
    }
    guard nodes.count == outputs.count else {
      throw EngineError.invalidValue("capture: got \(outputs.count) outputs for \(nodes.count) names")
    }
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    let pass = Pass(nodes: 0...last, input: image, observed: Set(nodes), arithmetic: arithmetic)
    try usage.reading {
      let layers = try layers(reading: image, through: last, operation: "capture")
      let execution = try takeExecution(pass, layers: layers, batch: batch)
      defer { putBack(execution) }
      try execution.writeInput(0..<batch, input)
      try execution.forward(batch: batch, dropout: nil)
      for (node, output) in zip(nodes, outputs) {
        guard let step = execution.step(of: node) else { continue }
        try execution.write(outputOf: step, layout: layout, into: output)
      }
    }
  }

  /// The same for `x`, images in `layout`, by default of the network's own size.
  public func capture(
    _ names: [String], of x: UnsafePointer<Float>, batch: Int, height: Int? = nil, width: Int? = nil,
    layout: TensorLayout, arithmetic: Arithmetic = Arithmetic(), into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    let (height, width) = (height ?? spec.input.height, width ?? spec.input.width)
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    try capture(
      names, batch: batch, height: height, width: width, layout: layout, arithmetic: arithmetic,
      input: reader(x, shape: image, layout: layout), into: outputs)
  }
}
