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
  ///   - first: the place of the first element in the batch that is drawn for, if this is a part of it.
  public static func forwardTraining(
    count: Int, probability: Float, form: Form, generator: Philox, layer: UInt32, first: Int = 0,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try validate(probability)
    let factor = form == .inverted ? 1 / (1 - probability) : 1
    let (key, counter) = generator.vectorState
    // 24 bits of a word decide, as in `Philox.unit`.
    let mask = DropoutMask(key: key, counter: counter, threshold: UInt32((probability * 0x1p24).rounded(.up)))
    let kernel = context.kernels.pointwise.dropout
    func draw(
      _ length: Int, _ start: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) {
      kernel(length, mask, UInt64(layer) << 40 | UInt64(start / 4), factor, input, output)
    }
    // A generator block is four elements, and a block of `Elements` starts at a multiple of four.
    let lead = first % 4
    guard lead > 0 else {
      return try Elements.forEachBlock(count, context: context) { start, length in
        draw(length, first &+ start, input + start, output + start)
      }
    }
    let blocks = Partition(count, atMost: Elements.blockCount)
    try context.forEach(blocks.parts, scratchBytes: (blocks.largest + 4) * MemoryLayout<Float>.stride) {
      block, scratch in
      let range = blocks.range(block)
      let lead = (first &+ range.lowerBound) % 4
      let copy = scratch.assumingMemoryBound(to: Float.self)
      copy.update(repeating: 0, count: lead)
      (copy + lead).update(from: input + range.lowerBound, count: range.count)
      draw(lead &+ range.count, first &+ range.lowerBound &- lead, copy, copy)
      (output + range.lowerBound).update(from: copy + lead, count: range.count)
    }
  }

  /// The gradient passes where the element was kept, times the same factor: the forward function once more.
  public static func backward(
    count: Int, probability: Float, form: Form, generator: Philox, layer: UInt32, first: Int = 0,
    outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forwardTraining(
      count: count, probability: probability, form: form, generator: generator, layer: layer, first: first,
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
