import Kernels
import Tensors

/// Infinities and NaNs: found in what a call is about to return, and explained.
///
/// The tensor functions let them pass, in and out; predictions, features and files do not.
extension Network {
  /// - Throws: ``EngineError/nonFinite(_:)`` naming the first parameter with an infinite or NaN value or velocity.
  public func requireFiniteParameters(operation: String, velocities: Bool = false) throws {
    let context = try makeContext()
    try usage.reading {
      if let found = try nonFiniteParameter(velocities: velocities, context: context) {
        throw EngineError.nonFinite("\(operation): \(found)")
      }
    }
  }

  /// The first parameter that is not finite, in words.
  package func nonFiniteParameter(velocities: Bool = false, context: ComputeContext) throws -> String? {
    for parameter in parameters {
      if velocities && parameter.velocityBytes == 0 { continue }
      let values = velocities ? try parameter.velocityMemory() : parameter.value
      guard
        let index = try Finite.firstNonFinite(count: values.count, values: values.pointer, context: context)
      else { continue }
      return "\(velocities ? "the velocity of " : "")\(parameter.name) holds \(values.pointer[index].inWords)"
    }
    return nil
  }

  /// Fails if one of `count` rows of outputs, one per image, is not finite, and says why.
  /// - Parameters:
  ///   - layers: the layers that computed them, from the image to `last`.
  ///   - input: writes the images.
  func requireFinite(
    _ outputs: UnsafePointer<Float>, count: Int, rowCount: Int, of what: String, layers: [any Layer], last: Int,
    arithmetic: Arithmetic, context: ComputeContext, input: InputWriter
  ) throws {
    let values = count * rowCount
    guard let index = try Finite.firstNonFinite(count: values, values: outputs, context: context) else { return }
    let image = index / rowCount
    var cause = "not enough memory to find out why"
    do {
      cause = try nonFiniteCause(layers: layers, last: last, arithmetic: arithmetic) { target, range, context in
        try input(target, range.lowerBound + image..<range.upperBound + image, context)
      }
    } catch EngineError.outOfMemory {}
    throw EngineError.nonFinite("\(what) \(outputs[index].inWords): \(cause)")
  }

  /// Why some output for one image `x`, in `layout`, is not finite, in words.
  public func nonFiniteCause(
    _ x: UnsafePointer<Float>, layout: TensorLayout, arithmetic: Arithmetic
  ) throws -> String {
    try usage.reading {
      try nonFiniteCause(
        layers: layers, last: layers.count - 1, arithmetic: arithmetic, input: reader(x, layout: layout))
    }
  }

  /// Where numbers that are not finite come from: a parameter, or else the first node that produces them for an image.
  /// - Parameter input: writes that one image.
  func nonFiniteCause(
    layers: [any Layer], last: Int, arithmetic: Arithmetic, input: InputWriter
  ) throws -> String {
    let execution = try makeExecution(
      Pass(nodes: 0...last, input: layers[0].inputShape, observed: Set(0...last), arithmetic: arithmetic),
      layers: layers, batch: 1)
    if let parameter = try nonFiniteParameter(context: execution.context) { return parameter }
    let size = layers[0].inputShape.count
    let image = try AlignedBuffer<Float>(count: size, operation: "non-finite image")
    try input(image.pointer, 0..<1, execution.context)
    if let index = image.buffer.firstIndex(where: { !$0.isFinite }) {
      return "all weights are finite, the preprocessed image holds \(image.pointer[index].inWords)"
    }
    try execution.writeInput(0..<1) { target, _, _ in target.update(from: image.pointer, count: size) }
    try execution.forward(batch: 1, dropout: nil)
    for (node, name) in spec.nodes.map(\.name).enumerated() {
      guard node <= last, let step = execution.step(of: node) else { continue }
      let output = try AlignedBuffer<Float>(count: layers[node].outputShape.count, operation: "non-finite \(name)")
      try execution.write(outputOf: step, layout: .nhwc, into: output.pointer)
      if let value = output.buffer.first(where: { !$0.isFinite }) {
        return "all weights are finite, \(name) is the first node whose output is not: \(value.inWords)"
      }
    }
    return "all weights are finite, and so are the outputs of all nodes up to \(spec.nodes[last].name)"
  }
}
