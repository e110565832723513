import Kernels
import Tensors

/// Activations that can replace the papers' ReLU (compared in section 3.1 of the 2012 paper).
public enum ActivationKind: String, CaseIterable, Sendable {
  /// max(0, x)
  case relu
  /// tanh x: used before ReLU, and what the paper compares ReLU with.
  case tanh
  /// The logistic function 1 / (1 + e^−x), the other saturating activation of the same section.
  case sigmoid

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names.
  public static func named(_ name: String) throws -> ActivationKind {
    if let kind = ActivationKind(rawValue: name) { return kind }
    let known = allCases.map(\.rawValue).joined(separator: ", ")
    throw EngineError.invalidValue("activation: got '\(name)', expected one of \(known)")
  }

  var operation: NodeOperation {
    switch self {
    case .relu: .relu
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    }
  }
}

/// A node without fields: each function is a separate kind.
protocol ActivationSpec: LayerSpec {
  static var function: ActivationKind { get }
  init()
}

extension ActivationSpec {
  static var kind: String { function.rawValue }
  init(fields: inout SpecFields) throws { self.init() }
  var isActivation: Bool { true }
  func makeLayer(_ site: LayerSite) throws -> any Layer {
    ActivationLayer(function: Self.function, inputShape: site.input)
  }
}

struct ReLUSpec: ActivationSpec { static let function = ActivationKind.relu }
struct TanhSpec: ActivationSpec { static let function = ActivationKind.tanh }
struct SigmoidSpec: ActivationSpec { static let function = ActivationKind.sigmoid }

extension NodeOperation {
  public static let relu = NodeOperation(ReLUSpec())
  public static let tanh = NodeOperation(TanhSpec())
  public static let sigmoid = NodeOperation(SigmoidSpec())
}

/// An elementwise function as a separate pass; ReLU is usually fused into convolution and dense layers.
struct ActivationLayer: Layer {
  let function: ActivationKind
  let inputShape: FeatureShape
  var outputShape: FeatureShape { inputShape }
  var backwardReadsOutput: Bool { true }

  func forward(_ operands: ForwardOperands) throws {
    try function.forward(
      operands.batch * inputShape.count, operands.input, operands.output, operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    if function == .relu {
      return try operands.reluBackward(count: operands.batch * inputShape.count, into: inputGradient)
    }
    try function.backward(
      operands.batch * inputShape.count, operands.output, operands.outputGradient, inputGradient, operands.context)
  }
}

extension ActivationKind {
  fileprivate typealias Source = UnsafePointer<Float>
  fileprivate typealias Target = UnsafeMutablePointer<Float>

  /// count, input, output
  fileprivate var forward: (Int, Source, Target, ComputeContext) throws -> Void {
    switch self {
    case .relu: return Activation.reluForward
    case .tanh: return Activation.tanhForward
    case .sigmoid: return Activation.sigmoidForward
    }
  }

  /// count, output, output gradient, input gradient
  fileprivate var backward: (Int, Source, Source, Target, ComputeContext) throws -> Void {
    switch self {
    case .relu: return Activation.reluBackward
    case .tanh: return Activation.tanhBackward
    case .sigmoid: return Activation.sigmoidBackward
    }
  }
}
