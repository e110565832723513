import Tensors

/// Float32 numbers in the engine's memory, seen in the conventional order of their axes, in which files hold them.
struct StridedFloats {
  let name: String
  let shape: [Int]
  let start: UnsafeMutablePointer<Float>
  private let rowStride: Int
  /// Where each number of a row lies, from the row's beginning.
  private let offsets: AlignedBuffer<Int>

  /// Bytes in memory at a time, in addition to the tensor itself; more for a single row that is larger.
  private static let pieceBytes = 8 << 20
  /// Of the blocks in which numbers change their order: 16 are a cache line.
  private static let blockSide = 16

  /// - Parameters:
  ///   - shape: of at least one axis; all sizes are at least 1.
  ///   - strides: in elements.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  init(name: String, shape: [Int], strides: [Int], start: UnsafeMutablePointer<Float>) throws {
    (self.name, self.shape, self.start, rowStride) = (name, shape, start, strides.first ?? 1)
    let rowCount = try Extent.product(Array(shape.dropFirst()), operation: name)
    offsets = try AlignedBuffer(count: rowCount, operation: name)
    var filled = 1
    // From the last axis to the second: each repeats what is filled, a stride further on.
    for (extent, stride) in zip(shape, strides).dropFirst().reversed() {
      for step in 1..<max(extent, 1) {
        for i in 0..<filled { offsets.pointer[step &* filled &+ i] = offsets.pointer[i] &+ step &* stride }
      }
      filled *= extent
    }
  }

  /// The same for memory in the conventional order.
  init(name: String, shape: [Int], start: UnsafeMutablePointer<Float>) throws {
    var (strides, next) = ([Int](), 1)
    for extent in shape.reversed() {
      strides.insert(next, at: 0)
      next *= extent
    }
    try self.init(name: name, shape: shape, strides: strides, start: start)
  }

  /// Calls `body` for one piece after another, in the file's order; `body` may use the piece's memory during the call.
  func forEachPiece(_ body: (Piece) throws -> Void) throws {
    let rows = shape.first ?? 1
    let atOnce = min(rows, max(1, Self.pieceBytes / (offsets.count * MemoryLayout<Float>.stride)))
    let memory = try AlignedBuffer<Float>(count: atOnce * offsets.count, operation: name)
    try withExtendedLifetime((memory, offsets)) {
      for first in stride(from: 0, to: rows, by: atOnce) {
        try body(Piece(tensor: self, memory: memory, rows: first..<min(first + atOnce, rows)))
      }
    }
  }

  /// Some rows of the tensor, and memory for them in the file's order.
  struct Piece {
    let tensor: StridedFloats
    fileprivate let memory: AlignedBuffer<Float>
    let rows: Range<Int>

    var values: UnsafeMutableBufferPointer<Float> {
      UnsafeMutableBufferPointer(start: memory.pointer, count: rows.count * tensor.offsets.count)
    }
    var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(values) }

    /// From the engine's memory into the file's order.
    func gather() {
      forEachNumber { inTensor, inPiece in memory.pointer[inPiece] = tensor.start[inTensor] }
    }

    /// From the file's order into the engine's memory.
    func scatter() {
      forEachNumber { inTensor, inPiece in tensor.start[inTensor] = memory.pointer[inPiece] }
    }

    /// In blocks: the engine keeps next to each other what the files keep a row apart.
    @inline(__always)
    private func forEachNumber(_ body: (_ inTensor: Int, _ inPiece: Int) -> Void) {
      let (offsets, count, side) = (tensor.offsets.pointer, tensor.offsets.count, StridedFloats.blockSide)
      for top in stride(from: 0, to: rows.count, by: side) {
        for left in stride(from: 0, to: count, by: side) {
          for column in left..<min(left &+ side, count) {
            for row in top..<min(top &+ side, rows.count) {
              body((rows.lowerBound &+ row) &* tensor.rowStride &+ offsets[column], row &* count &+ column)
            }
          }
        }
      }
    }
  }
}
