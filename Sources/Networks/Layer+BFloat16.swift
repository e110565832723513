import Kernels
import Tensors

/// A layer that reads and writes activations and their gradients in bfloat16. Parameters and their gradients stay
/// float32. Layers that do not conform are wrapped in a ``WideningLayer``.
protocol BFloat16Layer: Layer {
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory
  func forward(_ operands: TypedForwardOperands<BFloat16, BFloat16>) throws
  func backward(_ operands: TypedBackwardOperands<BFloat16, BFloat16>) throws
}

extension BFloat16Layer {
  func bfloat16Memory(batch: Int, training: Bool) -> LayerMemory {
    LayerMemory(auxiliary: auxiliaryBytes(batch: batch, training: training))
  }
}

/// A layer that can come last: its outputs are logits, which are never rounded to bfloat16; nor is their gradient
/// before it reaches this layer.
protocol BFloat16LogitsLayer: BFloat16Layer {
  func forward(_ operands: TypedForwardOperands<BFloat16, Float>) throws
  func backward(_ operands: TypedBackwardOperands<BFloat16, Float>) throws
}

/// Bytes that a layer needs besides its input and output.
struct LayerMemory {
  /// See ``Layer/auxiliaryBytes(batch:training:)``.
  var auxiliary = 0
  /// For the duration of one forward call, and of one backward call.
  var forwardScratch = 0
  var backwardScratch = 0
}

/// A layer as a plan runs it: in float32, in bfloat16 or bytes, or from these to float32 logits.
enum TypedLayer: Sendable {
  case float32(any Layer)
  case bfloat16(any BFloat16Layer)
  case logits(any BFloat16LogitsLayer)
  case int8(any Int8Layer)
  case int8Logits(any Int8LogitsLayer)

  /// - Parameter arithmetic: its precision is bfloat16. 8-bit weights are multiplied by float32 activations.
  init(_ layer: any Layer, isLogits: Bool, arithmetic: Arithmetic) {
    let widens = arithmetic.int8DenseWeights && layer is DenseLayer
    if isLogits {
      self = .logits((widens ? nil : layer as? any BFloat16LogitsLayer) ?? WideningLayer(layer: layer))
    } else {
      self = .bfloat16((widens ? nil : layer as? any BFloat16Layer) ?? WideningLayer(layer: layer))
    }
  }

  var layer: any Layer {
    switch self {
    case .float32(let layer): layer
    case .bfloat16(let layer): layer
    case .logits(let layer): layer
    case .int8(let layer): layer.layer
    case .int8Logits(let layer): layer.layer
    }
  }

  var input: Precision {
    switch self {
    case .float32: .float32
    case .bfloat16, .logits: .bfloat16
    case .int8, .int8Logits: .int8
    }
  }

  var output: Precision {
    switch self {
    case .float32, .logits, .int8Logits: .float32
    case .bfloat16: .bfloat16
    case .int8: .int8
    }
  }

  func memory(batch: Int, training: Bool) -> LayerMemory {
    switch self {
    case .float32(let layer): LayerMemory(auxiliary: layer.auxiliaryBytes(batch: batch, training: training))
    case .bfloat16(let layer): layer.bfloat16Memory(batch: batch, training: training)
    case .logits(let layer): layer.bfloat16Memory(batch: batch, training: training)
    case .int8(let layer): layer.memory(batch: batch)
    case .int8Logits(let layer): layer.memory(batch: batch)
    }
  }
}

extension Precision {
  /// Of an activation.
  var byteCount: Int {
    switch self {
    case .float32: MemoryLayout<Float>.stride
    case .bfloat16: MemoryLayout<BFloat16>.stride
    case .int8: MemoryLayout<UInt8>.stride
    }
  }
}
