import Tensors

/// Float32 numbers in the engine's memory, seen in the conventional order of their axes, in which files hold them: rows
/// of the first axis, in which all other axes are columns.
struct StridedFloats {
  let name: String
  let shape: [Int]
  let start: UnsafeMutablePointer<Float>
  private let strides: [Int]
  private let columnCount: Int

  /// Numbers in memory at a time, in addition to the tensor itself: 8 MiB.
  private static let pieceCount = 2 << 20
  /// Of the blocks in which numbers change their order: 16 are a cache line.
  private static let blockSide = 16

  /// - Parameters:
  ///   - shape: of at least one axis; all sizes are at least 1.
  ///   - strides: in elements.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  init(name: String, shape: [Int], strides: [Int], start: UnsafeMutablePointer<Float>) throws {
    (self.name, self.shape, self.strides, self.start) = (name, shape, strides, start)
    columnCount = try Extent.product(Array(shape.dropFirst()), operation: name)
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

  /// Calls `body` for one piece after another, in the file's order: some rows, or part of one that is very long. `body`
  /// may use the piece's memory during the call.
  /// - Throws: what `body` throws, ``EngineError/outOfMemory(_:)``.
  func forEachPiece(_ body: (Piece) throws -> Void) throws {
    let rowCount = shape.first ?? 1
    let columnsAtOnce = min(columnCount, Self.pieceCount)
    let rowsAtOnce = min(rowCount, max(1, Self.pieceCount / columnCount))
    let memory = try AlignedBuffer<Float>(count: rowsAtOnce * columnsAtOnce, operation: name)
    let offsets = try AlignedBuffer<Int>(count: columnsAtOnce, operation: name)
    var known: Range<Int>?
    try withExtendedLifetime((memory, offsets)) {
      for row in stride(from: 0, to: rowCount, by: rowsAtOnce) {
        for column in stride(from: 0, to: columnCount, by: columnsAtOnce) {
          let columns = column..<min(column + columnsAtOnce, columnCount)
          if columns != known {
            for column in columns { offsets.pointer[column - columns.lowerBound] = offset(of: column) }
            known = columns
          }
          try body(
            Piece(
              firstRow: start + row * (strides.first ?? 1), rowStride: strides.first ?? 1,
              rowCount: min(rowsAtOnce, rowCount - row), offsets: offsets.pointer, columnCount: columns.count,
              memory: memory.pointer))
        }
      }
    }
  }

  /// Where a column lies in memory, from the row's beginning.
  private func offset(of column: Int) -> Int {
    var (rest, offset) = (column, 0)
    for (extent, stride) in zip(shape, strides).dropFirst().reversed() {
      offset += rest % extent * stride
      rest /= extent
    }
    return offset
  }

  /// Some rows and columns of a tensor, and memory for them in the file's order.
  struct Piece {
    fileprivate let firstRow: UnsafeMutablePointer<Float>
    fileprivate let rowStride: Int
    fileprivate let rowCount: Int
    fileprivate let offsets: UnsafeMutablePointer<Int>
    fileprivate let columnCount: Int
    fileprivate let memory: UnsafeMutablePointer<Float>

    var values: UnsafeMutableBufferPointer<Float> {
      UnsafeMutableBufferPointer(start: memory, count: rowCount * columnCount)
    }
    var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(values) }

    /// From the engine's memory into the file's order.
    func gather() { forEachNumber { inTensor, inPiece in memory[inPiece] = firstRow[inTensor] } }

    /// From the file's order into the engine's memory.
    func scatter() { forEachNumber { inTensor, inPiece in firstRow[inTensor] = memory[inPiece] } }

    /// In blocks: the engine keeps next to each other what the files keep a row apart.
    @inline(__always)
    private func forEachNumber(_ body: (_ inTensor: Int, _ inPiece: Int) -> Void) {
      let side = StridedFloats.blockSide
      for top in stride(from: 0, to: rowCount, by: side) {
        for left in stride(from: 0, to: columnCount, by: side) {
          for column in left..<min(left &+ side, columnCount) {
            for row in top..<min(top &+ side, rowCount) {
              body(row &* rowStride &+ offsets[column], row &* columnCount &+ column)
            }
          }
        }
      }
    }
  }
}
