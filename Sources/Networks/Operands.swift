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
    TypedForwardOperands<NewInput, NewOutput>(
      batch: batch, input: input, output: output, auxiliary: auxiliary, scratch: scratch, dropout: dropout,
      arithmetic: arithmetic, weightCache: weightCache, context: context)
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
  /// Whether the parameters' gradients are added to.
  let accumulate: Bool
  let dropout: DropoutKey?
  let context: ComputeContext
}

extension TypedBackwardOperands where Output: ActivationElement {
  /// Takes the gradient of `count` outputs back through the ReLU that produced them, in place.
  func reluBackward(count: Int) throws {
    try Output.reluBackward(count, output, outputGradient, outputGradient, context)
  }
}

typealias ForwardOperands = TypedForwardOperands<Float, Float>
typealias BackwardOperands = TypedBackwardOperands<Float, Float>
