import Tensors

/// The same with arrays in place of pointers, whose sizes are checked.
extension Network {
  /// Outputs of `nodes` for `x`, [batch] images of `height` × `width` pixels (by default the network's) in `layout`; each
  /// is [batch] × its shape in the same layout.
  /// - Throws: as ``capture(_:of:batch:height:width:layout:arithmetic:into:)``, and ``EngineError/invalidValue(_:)`` if
  ///   `x` is not as long as such images.
  public func activations(
    of nodes: [String], _ x: [Float], batch: Int, height: Int? = nil, width: Int? = nil, layout: TensorLayout,
    arithmetic: Arithmetic = Arithmetic()
  ) throws -> [String: [Float]] {
    let (height, width) = (height ?? spec.input.height, width ?? spec.input.width)
    try requireCount(x, batch, height, width, operation: "activations")
    var results: [String: [Float]] = [:]
    let buffers = try Set(nodes).map { node in
      let shape = try outputShape(of: node, height: height, width: width, operation: "activations")
      let count = try Extent.product([batch, shape.count], operation: "activations")
      return (node: node, memory: try AlignedBuffer<Float>(count: count, operation: "activations"))
    }
    try capture(
      buffers.map(\.node), of: x, batch: batch, height: height, width: width, layout: layout, arithmetic: arithmetic,
      into: buffers.map(\.memory.pointer))
    for (node, memory) in buffers { results[node] = Array(memory.buffer) }
    return results
  }

  /// Computes the nodes through the last one named and keeps what gradients from `nodes` to `wrt` need.
  /// - Throws: as ``activations(of:_:batch:height:width:layout:arithmetic:)``.
  public func linearize(
    _ x: [Float], batch: Int, height: Int? = nil, width: Int? = nil, layout: TensorLayout, nodes: [String],
    wrt: [String] = [Linearization.data], arithmetic: Arithmetic = Arithmetic()
  ) throws -> Linearization {
    let (height, width) = (height ?? spec.input.height, width ?? spec.input.width)
    try requireCount(x, batch, height, width, operation: "linearize")
    return try x.withUnsafeBufferPointer { x in
      guard let start = x.baseAddress else { throw EngineError.invalidValue("linearize: got no images") }
      return try linearize(
        start, batch: batch, height: height, width: width, layout: layout, nodes: nodes, wrt: wrt,
        arithmetic: arithmetic)
    }
  }

  private func requireCount(_ x: [Float], _ batch: Int, _ height: Int, _ width: Int, operation: String) throws {
    guard batch >= 1, height >= 1, width >= 1 else {
      throw EngineError.invalidValue("\(operation): got \(batch) images of \(height)×\(width), expected at least 1")
    }
    let expected = try Extent.product([batch, height, width, spec.input.channels], operation: operation)
    guard x.count == expected else {
      throw EngineError.invalidValue(
        "\(operation): got \(x.count) numbers, expected \(expected) for \(batch) images of \(height)×\(width)×"
          + "\(spec.input.channels)")
    }
  }
}

extension Linearization {
  /// The output of a node, [batch] × its shape in `layout`.
  public func activation(_ node: String, layout: TensorLayout) throws -> [Float] {
    let memory = try memory(for: node)
    try activation(node, layout: layout, into: memory.pointer)
    return Array(memory.buffer)
  }

  /// Gradients with respect to the outputs of the nodes `wrt`, from gradients with respect to those of others.
  /// - Throws: as the function on pointers, and ``EngineError/invalidValue(_:)`` for a cotangent that is not as long as
  ///   the node's output.
  public func vjp(
    _ cotangents: [String: [Float]], wrt: [String] = [Linearization.data], layout: TensorLayout,
    relu: ReLURule = .standard
  ) throws -> [String: [Float]] {
    for (node, values) in cotangents where values.count != batch * (try shape(of: node).count) {
      throw EngineError.invalidValue(
        "vjp: got \(values.count) numbers as the cotangent of \(node), expected \(batch) × \(try shape(of: node))")
    }
    let starts = try Dictionary(
      uniqueKeysWithValues: cotangents.map { node, values in
        let memory = try memory(for: node)
        _ = memory.buffer.update(fromContentsOf: values)
        return (node, memory)
      })
    let ends = try Dictionary(uniqueKeysWithValues: Set(wrt).map { ($0, try memory(for: $0)) })
    try withExtendedLifetime((starts, ends)) {
      try vjp(
        starts.mapValues { UnsafePointer($0.pointer) }, wrt: ends.mapValues(\.pointer), layout: layout, relu: relu)
    }
    return ends.mapValues { Array($0.buffer) }
  }

  private func memory(for node: String) throws -> AlignedBuffer<Float> {
    try AlignedBuffer<Float>(
      count: Extent.product([batch, shape(of: node).count], operation: "vjp"), operation: "vjp: \(node)")
  }
}
