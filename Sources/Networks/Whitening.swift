import Kernels
import Synchronization
import Tensors

/// A matrix W applied to every preprocessed image before the first layer: x' = W x, with x in the order height,
/// width, channels. Zero-phase component analysis gives such a matrix (Krizhevsky, Learning multiple layers of
/// features from tiny images, 2009, appendix A).
final class Whitening: Sendable {
  /// W has this many rows and columns at most: 64 MiB.
  static let maximumSize = 4096

  let size: Int
  /// Transposed, as the dense kernel reads it: [size][size].
  let weights: AlignedBuffer<Float>
  /// Idle memory for images that are not yet whitened: as with executions, a call takes a buffer or makes one.
  private let idle = Mutex<[AlignedBuffer<Float>]>([])

  /// Keeps a copy of `matrix` [size][size].
  convenience init(matrix: UnsafePointer<Float>, size: Int) throws {
    try self.init(size: size)
    for row in 0..<size {
      for column in 0..<size { weights.pointer[column * size + row] = matrix[row * size + column] }
    }
  }

  /// A matrix of zeros.
  init(size: Int) throws {
    self.size = size
    weights = try AlignedBuffer(count: size * size, operation: "whitening matrix")
  }

  func releaseMemory() { idle.change { $0 = [] } }

  /// Lets `write` write `batch` images to separate memory and writes their products with the matrix to `output`.
  func apply(
    batch: Int, context: ComputeContext, output: UnsafeMutablePointer<Float>,
    _ write: (UnsafeMutablePointer<Float>) throws -> Void
  ) throws {
    let images = try takeIdle(batch: batch) ?? AlignedBuffer(count: batch * size, operation: "whitening")
    defer { idle.change { $0.append(images) } }
    try withExtendedLifetime(images) {
      try write(images.pointer)
      try multiply(images.pointer, batch: batch, context: context, output: output)
    }
  }

  func multiply(
    _ images: UnsafePointer<Float>, batch: Int, context: ComputeContext, output: UnsafeMutablePointer<Float>
  ) throws {
    try Dense.forward(
      batch: batch, inputs: size, outputs: size, input: images, weights: weights.pointer, bias: nil, relu: false,
      output: output, context: context)
  }

  private func takeIdle(batch: Int) -> AlignedBuffer<Float>? {
    idle.change { idle in
      if let index = idle.lastIndex(where: { $0.count >= batch * size }) { return idle.remove(at: index) }
      // A larger batch than ever: smaller buffers would only waste memory beside the new one.
      idle.removeAll()
      return nil
    }
  }
}

extension Network {
  /// Puts a matrix [size][size] between preprocessing and the first layer, for images; tensors are not whitened. nil
  /// removes it. Keeps a copy.
  /// - Throws: ``EngineError/invalidValue(_:)`` if the size is not that of the input or is above 4096, and for values
  ///   that are not finite, ``EngineError/concurrentUse(_:)`` during a training step.
  public func setWhitening(_ matrix: UnsafePointer<Float>?, size: Int) throws {
    let whitening = try matrix.map { try checkedWhitening($0, size: size) }
    try usage.writing("set_whitening") { self.whitening = whitening }
  }

  private func checkedWhitening(_ matrix: UnsafePointer<Float>, size: Int) throws -> Whitening {
    guard size == spec.input.count, size <= Whitening.maximumSize else {
      throw EngineError.invalidValue(
        "whitening: got a matrix for \(size) values, \(spec.name) takes \(spec.input.count) (\(spec.input)), at most "
          + "\(Whitening.maximumSize)")
    }
    for index in 0..<size * size where !matrix[index].isFinite {
      throw EngineError.invalidValue(
        "whitening: got \(matrix[index]) in row \(index / size), column \(index % size), expected finite numbers")
    }
    return try Whitening(matrix: matrix, size: size)
  }

  /// The transposed matrix [size][size]; nil if there is none. The caller must hold `usage`.
  package var transposedWhitening: AlignedBuffer<Float>? { whitening?.weights }

  /// `images` [batch][height][width][channels], preprocessed, as the first layer reads them: multiplied by the
  /// whitening matrix if there is one, otherwise unchanged.
  public func whiten(
    _ images: UnsafePointer<Float>, batch: Int, into output: UnsafeMutablePointer<Float>
  ) throws {
    try usage.reading {
      guard let whitening else { return output.update(from: images, count: batch * spec.input.count) }
      try whitening.multiply(images, batch: batch, context: try makeContext(), output: output)
    }
  }

  /// Fails when the network has a whitening matrix. The caller must hold `usage`.
  package func requireNoWhitening(operation: String) throws {
    guard whitening == nil else {
      throw EngineError.invalidValue(
        "\(operation): the network whitens crops of \(spec.input), whole images have no such crop")
    }
  }

  /// `write` followed by the whitening matrix, if the network has one. The caller must hold `usage`.
  package func whitened(_ write: @escaping InputWriter) -> InputWriter {
    { input, range, context in
      guard let whitening = self.whitening else { return try write(input, range, context) }
      try whitening.apply(batch: range.count, context: context, output: input) { try write($0, range, context) }
    }
  }
}
