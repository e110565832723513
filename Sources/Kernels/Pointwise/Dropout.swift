import KernelTemplates
import Tensors

/// Dropout: in training every element is zeroed with probability p, independently (2012 paper, section 4.2).
///
/// No mask is kept: whether an element is kept depends only on (seed, step, layer, element), and backward draws it
/// again. Outputs may be inputs.
public enum Dropout {
  public enum Form: Hashable, Sendable {
    /// Training leaves the kept elements as they are; inference multiplies all by 1 − p.
    case paper2012
    /// Training multiplies the kept elements by 1 / (1 − p); inference changes nothing.
    case inverted
  }

  /// - Parameters:
  ///   - probability: p, from 0 to 1.
  ///   - generator: made with purpose `.dropout`, the seed and the step.
  ///   - layer: distinguishes the dropout layers of one network.
  public static func forwardTraining(
    count: Int, probability: Float, form: Form, generator: Philox, layer: UInt32, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try validate(probability)
    let factor = form == .inverted ? 1 / (1 - probability) : 1
    let (key, counter) = generator.vectorState
    // 24 bits of a word decide, as in `Philox.unit`.
    let mask = DropoutMask(key: key, counter: counter, threshold: UInt32((probability * 0x1p24).rounded(.up)))
    let kernel = context.kernels.pointwise.dropout
    try Elements.forEachBlock(count, context: context) { start, length in
      // A generator block is four elements, and a block of `Elements` starts at a multiple of four.
      kernel(length, mask, UInt64(layer) << 40 | UInt64(start / 4), factor, input + start, output + start)
    }
  }

  /// The gradient passes where the element was kept, times the same factor: the forward function once more.
  public static func backward(
    count: Int, probability: Float, form: Form, generator: Philox, layer: UInt32,
    outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forwardTraining(
      count: count, probability: probability, form: form, generator: generator, layer: layer,
      input: outputGradient, output: inputGradient, context: context)
  }

  public static func forwardInference(
    count: Int, probability: Float, form: Form, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    try validate(probability)
    switch form {
    case .paper2012:
      try Activation.scale(count: count, by: 1 - probability, input: input, output: output, context: context)
    case .inverted:
      guard input != UnsafePointer(output) else { return }
      try Elements.forEachBlock(count, context: context) { (output + $0).update(from: input + $0, count: $1) }
    }
  }

  private static func validate(_ probability: Float) throws {
    guard probability >= 0, probability <= 1 else {
      throw EngineError.invalidValue("dropout: got probability \(probability), expected 0 to 1")
    }
  }
}
