import KernelTemplates
import Tensors

/// The constants of response normalisation. Across channels (``LocalResponseNormalization``): b_i = a_i / s_i^β, s_i = k + α′ Σ a_j² over the channels
/// j = i − ⌊n/2⌋ … i + ⌊(n−1)/2⌋ that exist (2012 paper, section 3.3; for even n PyTorch's window).
/// Within a map (``SpatialResponseNormalization``) n is the side of a square window.
public struct ResponseNormalization: Hashable, Sendable {
  /// n, the channels of a window.
  public let size: Int
  public let alpha: Float
  public let beta: Float
  public let k: Float
  /// Whether α′ = α / n (the authors' own code, Caffe, PyTorch, ONNX) instead of α (the paper's text).
  public let alphaOverN: Bool

  /// The largest exponent supported by the vector power.
  public static let maximumBeta: Float = 16

  public init(
    size: Int, alpha: Float, beta: Float, k: Float, alphaOverN: Bool, operation: String = "local_response_norm"
  ) throws {
    guard size >= 1 else {
      throw EngineError.invalidValue("\(operation): got size \(size), expected 1 or more")
    }
    guard alpha.isFinite, alpha >= 0 else {
      throw EngineError.invalidValue("\(operation): got alpha \(alpha), expected a finite number ≥ 0")
    }
    guard beta.isFinite, beta >= 0, beta <= Self.maximumBeta else {
      throw EngineError.invalidValue("\(operation): got beta \(beta), expected 0 to \(Self.maximumBeta)")
    }
    guard k.isFinite, k >= .leastNormalMagnitude else {
      throw EngineError.invalidValue("\(operation): got k \(k), expected a finite number > 0")
    }
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.k = k
    self.alphaOverN = alphaOverN
  }

  /// α′
  public var effectiveAlpha: Float { alphaOverN ? alpha / Float(size) : alpha }

  /// One group of channels as the kernels see it. A window longer than the group is clipped to it first, so that
  /// scratch memory depends on the group and not on the size.
  func line(_ length: Int) -> ResponseLine {
    ResponseLine(
      length: length, left: min(size / 2, length - 1), right: min((size - 1) / 2, length - 1), k: k,
      alpha: effectiveAlpha, beta: beta)
  }
}

/// Local response normalisation across channels. Relative error at most 3·n·ε.
public enum LocalResponseNormalization {
  /// - Parameters:
  ///   - rows: pixels, batch · height · width.
  ///   - groups: the window never crosses a group of channels / groups; 1 for all channels, 2 for the paper's
  ///     towers. Must divide `channels`.
  ///   - scale: receives s_i for backward, rows · channels; nil if no backward pass follows.
  ///   - output: may be `input`.
  public static func forward(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, scale: UnsafeMutablePointer<Float>?, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.responseNormalizationForward
    try forEachBlock(rows, channels, groups, parameters, context) { line, lines, at, scratch in
      kernel(line, lines, input + at, output + at, scale.map { $0 + at }, scratch)
    }
  }

  /// Writes ∂L/∂a_i = g_i s_i^−β − 2 α′ β a_i Σ g_j b_j / s_j over the windows j that hold i.
  /// - Parameter inputGradient: may be `outputGradient`, not `input`.
  public static func backward(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.responseNormalizationBackward
    try forEachBlock(rows, channels, groups, parameters, context) { line, lines, at, scratch in
      kernel(line, lines, input + at, scale + at, outputGradient + at, inputGradient + at, scratch)
    }
  }

  /// A pixel's groups are consecutive, so they are just more lines.
  /// - Parameter floats: scratch that `body` needs in addition to the kernel's.
  static func forEachBlock(
    _ rows: Int, _ channels: Int, _ groups: Int, _ parameters: ResponseNormalization, floats: Int = 0,
    _ context: ComputeContext,
    _ body: (ResponseLine, _ lines: Int, _ at: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) throws {
    try validate(groups: groups, channels: channels)
    let line = parameters.line(channels / groups)
    let lines = rows * groups
    let linesPerItem = max(1, Elements.blockCount / line.length)
    let scratchBytes = (line.scratchCount + floats) * MemoryLayout<Float>.stride
    try context.forEach((lines + linesPerItem - 1) / linesPerItem, scratchBytes: scratchBytes) { item, scratch in
      let first = item &* linesPerItem
      body(
        line, min(linesPerItem, lines &- first), first &* line.length,
        scratch.assumingMemoryBound(to: Float.self))
    }
  }

  static func validate(groups: Int, channels: Int) throws {
    guard groups >= 1, channels >= groups, channels % groups == 0 else {
      throw EngineError.invalidValue(
        "local_response_norm: got \(groups) groups of \(channels) channels, expected a divisor of the channels")
    }
  }
}
