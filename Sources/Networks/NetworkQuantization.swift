import Kernels
import Tensors

/// How the tensors between a network's nodes are held in bytes: what calibration has found for its input and for the
/// output of every node.
public struct NetworkQuantization: Hashable, Sendable {
  public let input: Quantization
  /// One for each node.
  public let outputs: [Quantization]

  public init(input: Quantization, outputs: [Quantization]) {
    self.input = input
    self.outputs = outputs
  }
}

extension NetworkQuantization {
  /// That of the node's input.
  func input(of node: Int) -> Quantization { node == 0 ? input : outputs[node - 1] }

  /// The same where max-pooling and dropout have the bytes of their inputs.
  func following(_ layers: [any Layer]) -> NetworkQuantization {
    var followed: [Quantization] = []
    for (layer, own) in zip(layers, outputs) {
      let followedInput = (layer as? any QuantizableLayer)?.quantizationFollowing(followed.last ?? input)
      followed.append(followedInput ?? own)
    }
    return NetworkQuantization(input: input, outputs: followed)
  }
}

extension Network {
  /// The weights that passes with ``Precision/int8`` round, in layers that compute from bytes.
  package var weightsOfInt8: [Parameter] {
    layers.compactMap { ($0 as? ConvolutionLayer)?.weight ?? ($0 as? DenseLayer)?.weight }
  }

  /// The scales of these weights, one for each output, by name.
  package func scalesOfInt8() throws -> [String: AlignedBuffer<Float>] {
    var scales: [String: AlignedBuffer<Float>] = [:]
    let context = try makeContext()
    for weight in weightsOfInt8 {
      let outputs = weight.shape[0]
      let memory = try AlignedBuffer<Float>(count: outputs, operation: "scales of \(weight.name)")
      try WeightScales.write(
        rows: weight.count / outputs, columns: outputs, weights: weight.value.pointer, into: memory.pointer,
        context: context)
      scales[weight.name] = memory
    }
    return scales
  }

  /// How passes with ``Precision/int8`` hold activations; nil: there are none.
  public var quantization: NetworkQuantization? { quantizationBox.change { $0?.given } }

  /// - Throws: ``EngineError/invalidValue(_:)`` unless there is one quantisation for each node,
  ///   ``EngineError/concurrentUse(_:)`` during a training step.
  public func setQuantization(_ quantization: NetworkQuantization?) throws {
    if let count = quantization?.outputs.count, count != layers.count {
      throw EngineError.invalidValue(
        "set_quantization: got \(count + 1) tensors, \(spec.name) has \(layers.count + 1): its input and its nodes' "
          + "outputs")
    }
    try usage.writing("set_quantization") {
      forgetIdle()
      quantizationBox.change { $0 = quantization.map { Calibrated(given: $0, used: $0.following(layers)) } }
    }
  }

  /// What a network's passes need of it.
  struct Calibrated {
    let given: NetworkQuantization
    let used: NetworkQuantization
  }

  /// For passes in an arithmetic; nil if they need none.
  /// - Throws: ``EngineError/invalidValue(_:)`` if the network has none.
  func requiredQuantization(_ arithmetic: Arithmetic) throws -> NetworkQuantization? {
    guard arithmetic.precision == .int8 else { return nil }
    guard let calibrated = quantizationBox.change({ $0 }) else {
      throw EngineError.invalidValue(
        "\(spec.name): got precision int8, the network has not been quantised; expected quantize(images) first, or "
          + "another precision")
    }
    return calibrated.used
  }

  /// How a node computes with the network's quantisation: "int8", "float32" for a layer that reads and writes bytes and
  /// computes in float32, "" for one that does not compute.
  func int8Detail(_ node: Int) -> String {
    guard let used = quantizationBox.change({ $0?.used }), node <= logitsNode else { return "" }
    let layer = layers[node]
    if (layer as? ActivationLayer)?.function == .relu { return "" }
    guard let quantizable = layer as? any QuantizableLayer else { return "float32" }
    if quantizable.quantizationFollowing(used.input(of: node)) != nil { return "" }
    return quantizable.quantized(from: used.input(of: node), to: used.outputs[node]) == nil ? "float32" : "int8"
  }
}
