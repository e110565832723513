import Kernels
import Tensors

/// Float32 numbers in the engine's memory, seen in the conventional order of their axes, in which files hold them: rows
/// of the first axis, in which all other axes are columns.
struct StridedFloats {
  let name: String
  let shape: [Int]
  let start: UnsafeMutablePointer<Float>
  private let strides: [Int]
  private let columnCount: Int
  private let context: ComputeContext?

  /// Numbers in memory at a time, in addition to the tensor itself: 8 MiB.
  private static let pieceCount = 2 << 20
  /// Of the blocks in which numbers change their order: 16 are a cache line.
  private static let blockSide = 16

  /// - Parameters:
  ///   - shape: of at least one axis; all sizes are at least 1.
  ///   - strides: in elements.
  ///   - context: its threads transpose matrices.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  init(
    name: String, shape: [Int], strides: [Int], start: UnsafeMutablePointer<Float>, context: ComputeContext? = nil
  ) throws {
    (self.name, self.shape, self.strides, self.start, self.context) = (name, shape, strides, start, context)
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
              rows: row..<min(row + rowsAtOnce, rowCount), firstRow: start + row * (strides.first ?? 1),
              rowStride: strides.first ?? 1,
              offsets: offsets.pointer, columnCount: columns.count,
              memory: memory.pointer, transposing: isTransposed ? context : nil))
        }
      }
    }
  }

  /// Whether a column is one run of memory, as in dense weights.
  private var isTransposed: Bool { shape.count == 2 && strides[0] == 1 && strides[1] >= shape[0] }

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
    fileprivate let rows: Range<Int>
    fileprivate let firstRow: UnsafeMutablePointer<Float>
    fileprivate let rowStride: Int
    fileprivate var rowCount: Int { rows.count }
    fileprivate let offsets: UnsafeMutablePointer<Int>
    fileprivate let columnCount: Int
    fileprivate let memory: UnsafeMutablePointer<Float>
    /// For a matrix that is transposed; otherwise nil.
    fileprivate let transposing: ComputeContext?

    var values: UnsafeMutableBufferPointer<Float> {
      UnsafeMutableBufferPointer(start: memory, count: rowCount * columnCount)
    }
    var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(values) }
    /// The same numbers in 16 bits: the second half of ``bytes``, which they share.
    var halves: UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(rebasing: bytes[(bytes.count / 2)...])
    }

    /// The same numbers in 8 bits: the last quarter of ``bytes``.
    var quarters: UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(rebasing: bytes[(bytes.count / 4 * 3)...])
    }

    /// Makes values of ``quarters``, each times the scale of its row.
    /// - Returns: whether all are at least -127.
    func widen(scales: UnsafePointer<Float>) -> Bool {
      guard let source = quarters.baseAddress else { return true }
      for i in 0..<rowCount * columnCount {
        let byte = source.load(fromByteOffset: i, as: Int8.self)
        if byte == .min { return false }
        memory[i] = Float(byte) * scales[rows.lowerBound &+ i / columnCount]
      }
      return true
    }

    /// Rounds values, which are bytes times the scales of their rows, to ``quarters``.
    /// - Returns: whether they are.
    func narrow(scales: UnsafePointer<Float>) -> Bool {
      guard let target = quarters.baseAddress else { return true }
      for i in (0..<rowCount * columnCount).reversed() {
        let scale = scales[rows.lowerBound &+ i / columnCount]
        let rounded = (memory[i] / scale).rounded(.toNearestOrEven)
        guard abs(rounded) <= 127, rounded * scale == memory[i] else { return false }
        target.storeBytes(of: Int8(rounded), toByteOffset: i, as: Int8.self)
      }
      return true
    }

    /// Makes values of ``halves``; no number is overwritten before it is read.
    func widen() {
      guard let source = halves.baseAddress else { return }
      for i in 0..<rowCount * columnCount {
        memory[i] = Half(bits: source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)).float
      }
    }

    /// Rounds values to ``halves``, from the last one.
    func narrow() {
      guard let target = halves.baseAddress else { return }
      for i in (0..<rowCount * columnCount).reversed() {
        target.storeBytes(of: Half(memory[i]).bits, toByteOffset: 2 &* i, as: UInt16.self)
      }
    }

    /// From the engine's memory into the file's order.
    func gather() throws {
      guard let transposing else { return forEachNumber { inTensor, inPiece in memory[inPiece] = firstRow[inTensor] } }
      try Layout.transpose(
        rows: columnCount, columns: rowCount, input: firstRow + offsets[0], inputStride: columnStride, output: memory,
        outputStride: columnCount, context: transposing)
    }

    /// From the file's order into the engine's memory.
    func scatter() throws {
      guard let transposing else { return forEachNumber { inTensor, inPiece in firstRow[inTensor] = memory[inPiece] } }
      try Layout.transpose(
        rows: rowCount, columns: columnCount, input: memory, inputStride: columnCount, output: firstRow + offsets[0],
        outputStride: columnStride, context: transposing)
    }

    /// Between the first two columns of a matrix.
    private var columnStride: Int { columnCount > 1 ? offsets[1] - offsets[0] : rowCount }

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
