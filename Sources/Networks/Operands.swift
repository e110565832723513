import Kernels
import Tensors

/// What a forward pass gives to a layer that reads `Input` and writes `Output`: Float or BFloat16.
struct TypedForwardOperands<Input, Output> {
  let batch: Int
  let input: UnsafePointer<Input>
  let output: UnsafeMutablePointer<Output>
  /// nil if the layer requested none.
  let auxiliary: UnsafeMutableRawPointer?
  /// Memory for this call only, as much as the layer requested.
  let scratch: UnsafeMutableRawPointer
  /// nil where dropout is inactive.
  let dropout: DropoutKey?
  let arithmetic: Arithmetic
  /// Weights packed once for many calls; nil in training, where they change with every step.
  let weightCache: WeightCache?
  let context: ComputeContext

  /// The same call on other tensors.
  func replacing<NewInput, NewOutput>(
    input: UnsafePointer<NewInput>, output: UnsafeMutablePointer<NewOutput>
  ) -> TypedForwardOperands<NewInput, NewOutput> {
    replacing(batch: batch, input: input, output: output, auxiliary: auxiliary)
  }

  /// The same call on tensors of another number of images.
  func replacing<NewInput, NewOutput>(
    batch: Int, input: UnsafePointer<NewInput>, output: UnsafeMutablePointer<NewOutput>,
    auxiliary: UnsafeMutableRawPointer?
  ) -> TypedForwardOperands<NewInput, NewOutput> {
    TypedForwardOperands<NewInput, NewOutput>(
      batch: batch, input: input, output: output, auxiliary: auxiliary, scratch: scratch, dropout: dropout,
      arithmetic: arithmetic, weightCache: weightCache, context: context)
  }

  /// `parameter` rounded to 8 bits: the form in the cache or, if it cannot keep one, made for this pass only.
  /// - Throws: ``EngineError/nonFinite(_:)`` for weights that are infinite or NaN, ``EngineError/outOfMemory(_:)``.
  func int8Weights(
    _ form: WeightCache.Form, of parameter: Parameter, byteCount: Int, make: (UnsafeMutableRawPointer) throws -> Void
  ) throws -> AlignedBuffer<UInt8> {
    func named(_ memory: UnsafeMutableRawPointer) throws {
      do {
        try make(memory)
      } catch let error as EngineError {
        throw error.prefixed("\(parameter.name): ")
      }
    }
    let kept = try weightCache?.form(form, of: parameter, byteCount: byteCount, make: named)
    if let kept { return kept }
    let memory = try AlignedBuffer<UInt8>(count: byteCount, operation: "int8 \(parameter.name)")
    try named(UnsafeMutableRawPointer(memory.pointer))
    return memory
  }
}

struct TypedBackwardOperands<Input, Output> {
  let batch: Int
  let input: UnsafePointer<Input>
  let output: UnsafePointer<Output>
  let auxiliary: UnsafeMutableRawPointer
  /// Memory for this call only, as much as the layer requested.
  let scratch: UnsafeMutableRawPointer
  let outputGradient: UnsafeMutablePointer<Output>
  /// nil where it is not needed (usually in the first layer).
  let inputGradient: UnsafeMutablePointer<Input>?
  let parameterGradients: ParameterGradients
  /// How the batch is divided for their sums.
  let shards: Shards
  /// Where dense layers write the factors of theirs instead; nil: nowhere.
  let factors: FactorTarget?
  let relu: ReLURule
  let dropout: DropoutKey?
  let arithmetic: Arithmetic
  let context: ComputeContext
}

extension TypedBackwardOperands where Output: ActivationElement {
  /// Takes the gradient of `count` outputs back through the ReLU that produced them, in place.
  func reluBackward(count: Int) throws { try reluBackward(count: count, into: outputGradient) }

  func reluBackward(count: Int, into inputGradient: UnsafeMutablePointer<Output>) throws {
    switch relu {
    case .standard: try Output.reluBackward(count, output, outputGradient, inputGradient, context)
    case .deconvnet: try Output.reluForward(count, outputGradient, inputGradient, context)
    case .guided:
      try Output.reluForward(count, outputGradient, inputGradient, context)
      try Output.reluBackward(count, output, inputGradient, inputGradient, context)
    }
  }
}

extension TypedBackwardOperands {
  /// Lets `write` sum the gradients of a weight and a bias: over the whole batch, or over every shard of it.
  /// - Parameter write: overwrites the gradients with the sums over some images, or adds to them.
  func writeParameterGradients(
    _ weight: AlignedBuffer<Float>, _ bias: AlignedBuffer<Float>,
    _ write: (
      _ images: Range<Int>, _ weight: UnsafeMutablePointer<Float>, _ bias: UnsafeMutablePointer<Float>,
      _ accumulate: Bool
    ) throws -> Void
  ) throws {
    if shards.isWhole {
      return try write(0..<batch, weight.pointer, bias.pointer, parameterGradients == .addedTo)
    }
    try shards.sum(into: [weight.buffer, bias.buffer], context: context) { try write($0, $1[0], $1[1], false) }
  }
}

/// What becomes of the parameters' gradients in a backward pass.
package enum ParameterGradients {
  case replaced
  case addedTo
  /// Not computed: only gradients of activations are wanted.
  case none
}

/// How gradients pass a ReLU y = max(x, 0).
public enum ReLURule: String, CaseIterable, Sendable {
  /// dx = dy where y > 0: the derivative.
  case standard
  /// dx = max(dy, 0) where y > 0: guided backpropagation (Springenberg et al. 2015, section 3.4).
  case guided
  /// dx = max(dy, 0): the deconvnet (Zeiler and Fergus 2014, section 2.1). Max-pooling sends gradients back to the
  /// places of the maxima in any case, which are the deconvnet's switches.
  case deconvnet
}

typealias ForwardOperands = TypedForwardOperands<Float, Float>
typealias BackwardOperands = TypedBackwardOperands<Float, Float>
