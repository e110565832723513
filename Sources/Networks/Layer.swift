import Kernels
import Tensors

/// What a node computes, forward and backward. A layer knows its shapes and parameters and holds no activations: each
/// call passes its operands. It never names an instruction set.
protocol Layer: Sendable {
  var inputShape: FeatureShape { get }
  var outputShape: FeatureShape { get }
  var parameters: [Parameter] { get }
  /// Multiply-accumulates per image.
  var macs: Int { get }
  /// For the table shown to users: "11×11, stride 4".
  var detail: String { get }

  /// Bytes that forward writes besides its output; kept for backward in training (pool arguments, norm scales).
  func auxiliaryBytes(batch: Int, training: Bool) -> Int
  /// Whether backward reads the layer's input, and its output: the plan keeps nothing else.
  var backwardReadsInput: Bool { get }
  var backwardReadsOutput: Bool { get }

  func forward(_ operands: ForwardOperands) throws
  /// Writes the parameters' gradients (or adds to them) and the input's; may overwrite the output's gradient.
  func backward(_ operands: BackwardOperands) throws

  /// This layer with the ReLU that follows it computed in the same pass; nil when it cannot.
  func fusingReLU() -> (any Layer)?

  /// This layer, with the same parameters, on feature maps of another height and width. Only called for layers with
  /// parameters; the others are rebuilt from the specification.
  /// - Throws: ``EngineError/unsupported(_:)`` if the parameters fit only one size,
  ///   ``EngineError/invalidValue(_:)`` if the layer refuses such an input.
  func resized(to input: FeatureShape) throws -> any Layer
}

extension Layer {
  /// A layer with parameters reads its input for their gradients only.
  func backwardReadsInput(training: Bool) -> Bool { backwardReadsInput && (training || parameters.isEmpty) }

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

/// The key from which dropout masks are drawn.
public struct DropoutKey: Sendable {
  public var seed: UInt64
  public var step: UInt64
  /// The place of the first image in the batch that is drawn for, if the pass computes a part of it.
  public var firstImage = 0

  public init(seed: UInt64, step: UInt64) {
    self.seed = seed
    self.step = step
  }

  var generator: Philox { Philox(seed: seed, purpose: .dropout, step: step) }
}
