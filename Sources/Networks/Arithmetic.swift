import Kernels
import Tensors

/// The type of activations, their gradients and the factors of products. Logits, weights and everything that an update
/// touches are float32 in all, and sums are, but those of bytes.
public enum Precision: String, CaseIterable, Hashable, Sendable {
  case float32
  case bfloat16
  /// Bytes, for inference with a network that has a ``NetworkQuantization``. Weights are rounded to bytes, too.
  case int8

  /// Those that a context's kernels support.
  public static func available(in context: ComputeContext) -> [Precision] {
    context.kernels.bfloat16 == nil ? [.float32, .int8] : [.float32, .bfloat16, .int8]
  }

  /// What "auto" means to hosts.
  public static func automatic(in context: ComputeContext) -> Precision {
    KernelRegistry.multipliesBFloat16Faster(context.kernels) ? .bfloat16 : .float32
  }

  /// Those of them that have gradients, and need no quantisation.
  public static func trainable(in context: ComputeContext) -> [Precision] {
    available(in: context).filter { $0 != .int8 }
  }
}

/// How a network computes. The default is exact float32; 8-bit weights are for inference.
public struct Arithmetic: Hashable, Sendable {
  public var precision: Precision
  /// Whether dense layers multiply by weights rounded to 8 bits.
  public var int8DenseWeights: Bool
  /// Whether float32 convolutions may be computed by transforms that are not exact on integers, see ``Winograd``.
  public var fastMath: Bool

  public init(precision: Precision = .float32, int8DenseWeights: Bool = false, fastMath: Bool = false) {
    self.precision = precision
    self.int8DenseWeights = int8DenseWeights
    self.fastMath = fastMath
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` for 8 bits, which gradients would not be those of.
  package func requireTrainable(operation: String) throws {
    guard precision != .int8 else {
      throw EngineError.invalidValue(
        "\(operation): got precision int8, which is for inference, expected float32 or bfloat16")
    }
    guard !int8DenseWeights else {
      throw EngineError.invalidValue("\(operation): int8 weights are for inference, not for passes that give gradients")
    }
  }

  /// The only place where an arithmetic is refused for what an instruction set lacks.
  /// - Throws: ``EngineError/unsupported(_:)`` for what the context's kernels cannot do.
  func requireSupported(by context: ComputeContext, operation: String) throws {
    guard precision != .int8 || !int8DenseWeights else {
      throw EngineError.invalidValue(
        "\(operation): got int8 weights and precision int8, which rounds all weights to 8 bits; expected one of them")
    }
    let precisions = Precision.available(in: context)
    guard precisions.contains(precision) else {
      throw EngineError.unsupported(
        "\(operation): got precision \(precision), the instruction set in use (\(context.kernels.name)) has "
          + precisions.map(\.rawValue).joined(separator: ", "))
    }
  }
}
