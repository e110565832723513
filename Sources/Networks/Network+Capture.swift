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
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    try capture(names, from: 0, batch: batch, layout: layout, arithmetic: arithmetic, into: outputs) { last in
      (image, try layers(reading: image, through: last, operation: "capture"))
    } fill: {
      try $0.writeInput(0..<batch, input)
    }
  }

  /// The same from the outputs of the node `name`, [batch] × its shape in `layout`: what leads to them is not computed.
  /// - Throws: ``EngineError/invalidValue(_:)`` also for nodes that are not behind `name`.
  public func capture(
    _ names: [String], features: UnsafePointer<Float>, after name: String, batch: Int, layout: TensorLayout,
    arithmetic: Arithmetic = Arithmetic(), into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    let first = try node(named: name, operation: "capture") + 1
    try capture(names, from: first, batch: batch, layout: layout, arithmetic: arithmetic, into: outputs) { _ in
      (layers[first].inputShape, layers)
    } fill: {
      try $0.writeFeatures(features, batch: batch, layout: layout)
    }
  }

  /// - Parameters:
  ///   - first: the first node to compute.
  ///   - reading: what it reads for one image, and the layers through the last node.
  private func capture(
    _ names: [String], from first: Int, batch: Int, layout: TensorLayout, arithmetic: Arithmetic,
    into outputs: [UnsafeMutablePointer<Float>],
    reading: (_ last: Int) throws -> (input: FeatureShape, layers: [any Layer]), fill: (Execution) throws -> Void
  ) throws {
    let nodes = try names.map { try node(named: $0, operation: "capture") }
    guard let last = nodes.max(), let lowest = nodes.min() else {
      throw EngineError.invalidValue("capture: got no names, expected at least one node")
    }
    guard nodes.count == outputs.count else {
      throw EngineError.invalidValue("capture: got \(outputs.count) outputs for \(nodes.count) names")
    }
    guard lowest >= first else {
      throw EngineError.invalidValue(
        "capture: got \(spec.nodes[lowest].name), expected nodes after \(spec.nodes[first - 1].name)")
    }
    try usage.reading {
      let (input, layers) = try reading(last)
      let pass = Pass(nodes: first...last, input: input, observed: Set(nodes), arithmetic: arithmetic)
      let execution = try takeExecution(pass, layers: layers, batch: batch)
      defer { putBack(execution) }
      try fill(execution)
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
