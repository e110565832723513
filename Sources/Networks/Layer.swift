import Kernels
import Tensors

/// What a node computes, forward beside backward. A layer knows its shapes and its parameters and holds no
/// activations: each call brings its operands. It never names an instruction set.
protocol Layer: Sendable {
  var inputShape: FeatureShape { get }
  var outputShape: FeatureShape { get }
  var parameters: [Parameter] { get }
  /// Multiply-accumulates of one image.
  var macs: Int { get }
  /// For the table that a user reads: "11×11, stride 4".
  var detail: String { get }

  /// Bytes that forward writes besides its output; in training they are kept for backward (pool arguments,
  /// norm scales).
  func auxiliaryBytes(batch: Int, training: Bool) -> Int
  /// Whether backward reads the layer's input, its output: the plan keeps no more than that.
  var backwardReadsInput: Bool { get }
  var backwardReadsOutput: Bool { get }

  func forward(_ operands: ForwardOperands) throws
  /// Writes the parameters' gradients (or adds to them) and the input's; may overwrite the output's gradient.
  func backward(_ operands: BackwardOperands) throws

  /// This layer with the ReLU that follows it computed in the same pass; nil when it cannot.
  func fusingReLU() -> (any Layer)?

  /// This layer, with the same parameters, on feature maps of another height and width. Only layers with parameters
  /// are asked; the others are made anew from the specification.
  /// - Throws: ``EngineError/unsupported(_:)`` where the parameters belong to one size,
  ///   ``EngineError/invalidValue(_:)`` where the layer refuses such an input.
  func resized(to input: FeatureShape) throws -> any Layer
}

extension Layer {
  var parameters: [Parameter] { [] }
  var macs: Int { 0 }
  var detail: String { "" }
  func auxiliaryBytes(batch: Int, training: Bool) -> Int { 0 }
  var backwardReadsInput: Bool { false }
  var backwardReadsOutput: Bool { false }
  func fusingReLU() -> (any Layer)? { nil }
  func resized(to input: FeatureShape) throws -> any Layer {
    throw EngineError.unsupported("got \(input), the weights belong to an input of \(inputShape) and no other")
  }
}

/// Whether dropout acts, and under which key.
public struct DropoutKey: Sendable {
  public var seed: UInt64
  public var step: UInt64

  public init(seed: UInt64, step: UInt64) {
    self.seed = seed
    self.step = step
  }

  var generator: Philox { Philox(seed: seed, purpose: .dropout, step: step) }
}
