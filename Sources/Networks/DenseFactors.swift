import Kernels
import Synchronization
import Tensors

/// The two factors of every dense layer's gradient dW = Xᵀ · dY, for the images of a whole batch: what the layer reads,
/// and the gradient of its sums.
///
/// Processes that share a batch exchange these instead of the gradients: for a batch of hundreds they are far smaller
/// (Krizhevsky 2014, section 4, has dense layers see the whole batch, too). A backward pass writes the rows of its own
/// images; once those of all are there, ``Network/denseGradients(_:shards:)`` multiplies them.
public final class DenseFactors: Sendable {
  /// A matrix with a row for each image of the batch.
  fileprivate struct Rows {
    let offset: Int
    let bytesPerRow: Int
  }

  fileprivate struct Entry: Sendable {
    let node: String
    let input: Rows
    let sumsGradient: Rows
  }

  /// Images of the whole batch.
  public let batch: Int
  fileprivate let precision: Precision
  /// In the order of a backward pass.
  fileprivate let entries: [Entry]
  /// [batch] × `bytesPerRow` at each offset.
  private let memory: AlignedBuffer<UInt8>
  private let finished = Atomic<Int>(0)

  /// - Throws: ``EngineError/outOfMemory(_:)``.
  init(_ layers: [DenseLayer], batch: Int, precision: Precision) throws {
    (self.batch, self.precision) = (batch, precision)
    var end = 0
    func rows(_ elements: Int) throws -> Rows {
      let bytesPerRow = try Extent.product([elements, precision.byteCount], operation: "factors")
      let rows = Rows(offset: end, bytesPerRow: bytesPerRow)
      end = (end + (try Extent.product([batch, bytesPerRow], operation: "factors")) + 63) / 64 * 64
      return rows
    }
    entries = try layers.reversed().map { layer in
      Entry(
        node: layer.weight.node, input: try rows(layer.inputShape.count),
        sumsGradient: try rows(layer.outputShape.count))
    }
    memory = try AlignedBuffer(count: end, operation: "factors of dense layers")
  }

  /// All matrices, in the order in which a backward pass finishes them: X and dY of the last dense layer first.
  private var matrices: [Rows] { entries.flatMap { [$0.input, $0.sumsGradient] } }

  /// Bytes of a row of every matrix.
  public var bytesPerRow: [Int] { matrices.map(\.bytesPerRow) }

  /// The rows of some images.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a matrix or images that are not there.
  public func rows(_ matrix: Int, images: Range<Int>) throws -> UnsafeMutableRawBufferPointer {
    let matrices = matrices
    guard matrices.indices.contains(matrix), images.lowerBound >= 0, images.upperBound <= batch else {
      throw EngineError.invalidValue(
        "factors: got images \(images) of matrix \(matrix), expected \(matrices.count) matrices of \(batch) images")
    }
    let width = matrices[matrix].bytesPerRow
    let first = UnsafeMutableRawPointer(memory.pointer + (matrices[matrix].offset + images.lowerBound * width))
    return UnsafeMutableRawBufferPointer(start: first, count: images.count * width)
  }

  /// How many of them the backward pass under way has finished; any thread may read this and then them.
  public var finishedCount: Int { finished.load(ordering: .acquiring) }

  func begin() { finished.store(0, ordering: .releasing) }

  /// Writes a layer's rows from image `first` of the batch on.
  /// - Returns: false if the layer is not one of them.
  fileprivate func write<Element: ActivationElement>(
    node: String, first: Int, images: Int, input: UnsafePointer<Element>, sumsGradient: UnsafePointer<Element>
  ) -> Bool {
    guard let place = entries.firstIndex(where: { $0.node == node }), first + images <= batch else { return false }
    for (rows, source) in [
      (entries[place].input, UnsafeRawPointer(input)), (entries[place].sumsGradient, UnsafeRawPointer(sumsGradient)),
    ] {
      UnsafeMutableRawPointer(memory.pointer + (rows.offset + first * rows.bytesPerRow)).copyMemory(
        from: source, byteCount: images * rows.bytesPerRow)
    }
    finished.store(2 * (place + 1), ordering: .releasing)
    return true
  }

  private func elements<Element: ActivationElement>(_ rows: Rows, as _: Element.Type) -> UnsafePointer<Element> {
    UnsafePointer(
      UnsafeMutableRawPointer(memory.pointer + rows.offset).bindMemory(
        to: Element.self, capacity: batch * rows.bytesPerRow / MemoryLayout<Element>.stride))
  }

  fileprivate func multiply<Element: ActivationElement>(
    _ entry: Entry, of layer: DenseLayer, as type: Element.Type, shards: Shards, context: ComputeContext
  ) throws {
    try Element.dense.backwardFilter(
      batch, layer.inputShape.count, layer.bias.count, elements(entry.input, as: type),
      elements(entry.sumsGradient, as: type), try layer.weight.makeGradient().pointer,
      try layer.bias.makeGradient().pointer, false, shards, context)
  }
}

/// Where a pass writes the factors of its images.
struct FactorTarget {
  let factors: DenseFactors
  /// The place of the pass's first image in the batch.
  let firstImage: Int

  /// - Returns: false if the layer is not one of them.
  func write<Element: ActivationElement>(
    node: String, images: Int, input: UnsafePointer<Element>, sumsGradient: UnsafePointer<Element>
  ) -> Bool {
    factors.write(node: node, first: firstImage, images: images, input: input, sumsGradient: sumsGradient)
  }
}

extension Network {
  /// Memory for the factors of the dense layers from node `reach` on; the same memory while batch and precision stay.
  /// With exclusive use.
  package func makeFactors(batch: Int, precision: Precision, from reach: Int) throws -> DenseFactors {
    let dense = layers[reach...].compactMap { $0 as? DenseLayer }
    if let factors, factors.batch == batch, factors.precision == precision,
      factors.entries.map(\.node) == dense.reversed().map(\.weight.node)
    {
      return factors
    }
    factors = nil
    let made = try DenseFactors(dense, batch: batch, precision: precision)
    factors = made
    return made
  }

  /// Computes the gradients of the dense layers from the factors of a whole batch, summed by all of its shards: the bits
  /// that the sum of all processes' gradients would have. With exclusive use.
  package func denseGradients(shards: Shards, context: ComputeContext) throws {
    guard let factors else {
      throw EngineError.invalidValue("gradients_of_factors: there are no factors: call gradients with them first")
    }
    try shards.requireImages(factors.batch, operation: "gradients_of_factors")
    for entry in factors.entries {
      guard let layer = layers[try node(named: entry.node)] as? DenseLayer else { continue }
      switch factors.precision {
      case .float32: try factors.multiply(entry, of: layer, as: Float.self, shards: shards, context: context)
      case .bfloat16: try factors.multiply(entry, of: layer, as: BFloat16.self, shards: shards, context: context)
      case .int8: try Arithmetic(precision: .int8).requireTrainable(operation: "gradients_of_factors")
      }
    }
  }
}
