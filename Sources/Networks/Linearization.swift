import Kernels
import Tensors

/// A forward pass whose activations are kept: from them, gradients are taken back any number of times, between any two
/// of its nodes. Dropout is inactive, as in inference, and parameters get no gradients.
///
/// It holds the memory of its activations until it is released. Gradients are those of the weights of the forward pass;
/// once the weights have changed they are refused.
public final class Linearization: @unchecked Sendable {
  /// The network's input as a place for gradients.
  public static let data = "data"

  /// Images of the forward pass.
  public let batch: Int
  private let network: Network
  private let image: FeatureShape
  private let execution: Execution
  /// The nodes that activations can be read from and gradients can start or end at, by name.
  private let steps: [String: Int]
  /// The lowest step that gradients are taken back to; −1 for the input.
  private let lowest: Int
  private let changes: [Int?]
  private let usage = UsageLock()
  private var inputGradient: AlignedBuffer<Float>?

  fileprivate init(
    of network: Network, image: FeatureShape, execution: Execution, nodes: [String: Int], lowest: Int, changes: [Int?]
  ) {
    self.network = network
    self.image = image
    self.execution = execution
    self.changes = changes
    batch = execution.batch
    steps = nodes.compactMapValues(execution.step(of:))
    self.lowest = execution.step(of: lowest) ?? -1
  }

  deinit { network.putBackOne(execution) }

  /// The shape of a node's output for one image.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a node that was not named, listing those that were.
  public func shape(of node: String) throws -> FeatureShape {
    node == Self.data ? image : execution.plan.steps[try step(node)].layer.layer.outputShape
  }

  /// Writes the output of a node, [batch] × its shape in `layout`.
  public func activation(
    _ node: String, layout: TensorLayout, into output: UnsafeMutablePointer<Float>
  ) throws {
    let step = try step(node)
    try usage.writing("linearize") { try execution.write(outputOf: step, layout: layout, into: output) }
  }

  /// The product of cotangents with the Jacobian: the gradient of Σ cotangent · output over all nodes that have one, with
  /// respect to the outputs of other nodes, or the input's, ``data``. No layer is computed that is not between them.
  /// - Parameters:
  ///   - cotangents: one for each node that gradients start at, [batch] × its shape in `layout`.
  ///   - outputs: where the gradient of each node is written, likewise. A node's own cotangent is part of its gradient.
  ///   - relu: how gradients pass a ReLU.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a node that was not named, for one behind which there is no
  ///   cotangent, and once the weights have changed.
  public func vjp(
    _ cotangents: [String: UnsafePointer<Float>], wrt outputs: [String: UnsafeMutablePointer<Float>],
    layout: TensorLayout, relu: ReLURule = .standard
  ) throws {
    let seeds = try Dictionary(uniqueKeysWithValues: cotangents.map { (try step($0.key), $0.value) })
    let targets = try Dictionary(uniqueKeysWithValues: outputs.map { (try target($0.key), $0.value) })
    guard let last = seeds.keys.max(), let first = targets.keys.min() else {
      throw EngineError.invalidValue("vjp: got no \(seeds.isEmpty ? "cotangents" : "wrt"), expected at least one node")
    }
    for (name, _) in outputs where try target(name) > last {
      throw EngineError.invalidValue(
        "vjp: got wrt \(name), which lies behind every cotangent: its gradient is 0, as it influences none of them")
    }
    try usage.writing("vjp") {
      try network.usage.reading {
        guard network.parameterChanges == changes else {
          throw EngineError.invalidValue("vjp: the weights have changed since the forward pass; linearize again")
        }
        let native = first < 0 ? try inputGradientMemory() : nil
        try execution.backward(
          from: last, through: first + 1, parameterGradients: .none, relu: relu, inputGradient: native?.pointer
        ) { step in
          if let seed = seeds[step] {
            try execution.seed(gradientOf: step, with: seed, layout: layout, adds: step < last)
          }
          if let target = targets[step] { try execution.write(gradientOf: step, layout: layout, into: target) }
        }
        if let native, let target = targets[-1] {
          try layout.write(native.pointer, shape: image, batch: batch, into: target, context: execution.context)
        }
      }
    }
  }

  private func step(_ node: String) throws -> Int {
    if let step = steps[node] { return step }
    throw EngineError.invalidValue(
      "vjp: got node '\(node)', the pass was kept for \(steps.sorted { $0.value < $1.value }.map(\.key).joined(separator: ", "))"
    )
  }

  private func target(_ node: String) throws -> Int {
    let step = node == Self.data ? -1 : try step(node)
    guard step >= lowest else {
      throw EngineError.invalidValue("vjp: got wrt \(node), the pass was kept for gradients of later nodes only")
    }
    return step
  }

  private func inputGradientMemory() throws -> AlignedBuffer<Float> {
    if let inputGradient { return inputGradient }
    let count = try Extent.product([batch, image.count], operation: "vjp")
    let memory = try AlignedBuffer<Float>(count: count, operation: "vjp: gradient of the input")
    inputGradient = memory
    return memory
  }
}

extension Network {
  /// Computes the nodes through the last one named and keeps what gradients need.
  /// - Parameters:
  ///   - x: [batch] images of `height` × `width` pixels, in `layout`.
  ///   - nodes: where gradients will start, and whose activations will be read.
  ///   - wrt: where they will end: nodes, or ``Linearization/data``.
  ///   - arithmetic: of this pass and of its gradients.
  /// - Throws: as ``capture(_:of:batch:height:width:layout:arithmetic:into:)``, and
  ///   ``EngineError/invalidValue(_:)`` for 8-bit weights.
  public func linearize(
    _ x: UnsafePointer<Float>, batch: Int, height: Int, width: Int, layout: TensorLayout, nodes: [String],
    wrt: [String], arithmetic: Arithmetic = Arithmetic()
  ) throws -> Linearization {
    try arithmetic.requireTrainable(operation: "linearize")
    let starts = try nodes.map { try node(named: $0, operation: "linearize") }
    let ends = try wrt.map { $0 == Linearization.data ? -1 : try node(named: $0, operation: "linearize") }
    guard let last = starts.max(), let lowest = ends.min() else {
      throw EngineError.invalidValue("linearize: got no \(wrt.isEmpty ? "wrt" : "nodes"), expected at least one")
    }
    for (name, end) in zip(wrt, ends) where end > last {
      throw EngineError.invalidValue(
        "linearize: got wrt \(name), which lies behind every other node: its gradient is 0, as it influences none")
    }
    let kept = Dictionary(zip(nodes + wrt, starts + ends).filter { $0.1 >= 0 }) { first, _ in first }
    let image = FeatureShape(height: height, width: width, channels: spec.input.channels)
    let pass = Pass(
      nodes: 0...last, input: image, observed: Set(kept.values), arithmetic: arithmetic,
      backward: BackwardReach(first: lowest + 1, trains: false))
    return try usage.reading {
      let layers = try layers(reading: image, through: last, operation: "linearize")
      let execution = try takeExecution(pass, layers: layers, batch: batch)
      try execution.writeInput(0..<batch, reader(x, shape: image, layout: layout))
      try execution.forward(batch: batch, dropout: nil)
      return Linearization(
        of: self, image: image, execution: execution, nodes: kept, lowest: lowest, changes: parameterChanges)
    }
  }
}
