import KernelTemplates
import Tensors

/// Some columns and rows of a matrix with `width` columns, which are all that the caller has: [rows.count][columns.count].
public struct DropoutPart: Sendable {
  public let rows: Range<Int>
  public let columns: Range<Int>
  public let width: Int

  public init(rows: Range<Int>, columns: Range<Int>, width: Int) {
    self.rows = rows
    self.columns = columns
    self.width = width
  }
}

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
    let masked = try Masked(probability, form, generator, layer: layer, context)
    try Elements.forEachBlock(count, context: context) { start, length in
      masked.apply(from: first &+ start, count: length, input + start, output + start)
    }
  }

  /// The same on a part of a matrix, with the mask of the whole matrix.
  public static func forwardTraining(
    _ part: DropoutPart, probability: Float, form: Form, generator: Philox, layer: UInt32,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (rows, length) = (part.rows.count, part.columns.count)
    guard length < part.width else {
      return try forwardTraining(
        count: rows * length, probability: probability, form: form, generator: generator, layer: layer,
        first: part.rows.lowerBound * length, input: input, output: output, context: context)
    }
    let masked = try Masked(probability, form, generator, layer: layer, context)
    let rowsPerItem = max(1, Elements.blockCount / max(1, length))
    try context.forEach((rows + rowsPerItem - 1) / rowsPerItem) { item, _ in
      let first = item &* rowsPerItem
      for row in first..<min(first &+ rowsPerItem, rows) {
        let start = (part.rows.lowerBound &+ row) &* part.width &+ part.columns.lowerBound
        masked.apply(from: start, count: length, input + row &* length, output + row &* length)
      }
    }
  }

  /// The gradient passes where the element was kept, times the same factor: the forward function once more.
  public static func backward(
    _ part: DropoutPart, probability: Float, form: Form, generator: Philox, layer: UInt32,
    outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forwardTraining(
      part, probability: probability, form: form, generator: generator, layer: layer, input: outputGradient,
      output: inputGradient, context: context)
  }

  public static func forwardInference(
    count: Int, probability: Float, form: Form, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    try validate(probability)
    switch form {
    case .paper2012:
      let factor = inferenceFactor(probability: probability, form: form)
      try Activation.scale(count: count, by: factor, input: input, output: output, context: context)
    case .inverted:
      guard input != UnsafePointer(output) else { return }
      try Elements.forEachBlock(count, context: context) { (output + $0).update(from: input + $0, count: $1) }
    }
  }

  /// What inference multiplies by.
  public static func inferenceFactor(probability: Float, form: Form) -> Float {
    switch form {
    case .paper2012: 1 - probability
    case .inverted: 1
    }
  }

  /// The kernel with everything but its elements.
  private struct Masked: Sendable {
    let kernel: @Sendable (Int, DropoutMask, UInt64, Float, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
    let mask: DropoutMask
    let factor: Float
    let firstBlock: UInt64

    init(_ probability: Float, _ form: Form, _ generator: Philox, layer: UInt32, _ context: ComputeContext) throws {
      try Dropout.validate(probability)
      kernel = context.kernels.pointwise.dropout
      let (key, counter) = generator.vectorState
      // 24 bits of a word decide, as in `Philox.unit`.
      mask = DropoutMask(key: key, counter: counter, threshold: UInt32((probability * 0x1p24).rounded(.up)))
      factor = form == .inverted ? 1 / (1 - probability) : 1
      firstBlock = UInt64(layer) << 40
    }

    /// Elements `start` and the following; `input` and `output` point at the first of them.
    func apply(from start: Int, count: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
      // A generator block is four elements, and the kernel begins with a whole one.
      let before = start & 3
      let lead = before == 0 ? 0 : min(4 &- before, count)
      if lead > 0 {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 4) { block in
          guard let values = block.baseAddress else { return }
          values.initialize(repeating: 0, count: 4)
          (values + before).update(from: input, count: lead)
          kernel(before &+ lead, mask, firstBlock | UInt64(start / 4), factor, values, values)
          output.update(from: values + before, count: lead)
        }
      }
      let block = firstBlock | UInt64((start &+ lead) / 4)
      if count > lead { kernel(count &- lead, mask, block, factor, input + lead, output + lead) }
    }
  }

  private static func validate(_ probability: Float) throws {
    guard probability >= 0, probability <= 1 else {
      throw EngineError.invalidValue("dropout: got probability \(probability), expected 0 to 1")
    }
  }
}
