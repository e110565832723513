import KernelTemplates
import Tensors

/// sums[j] += Σ_i matrix[i][j]: the gradient of a bias. Blocks of rows are summed separately, then the blocks' sums in
/// order, so that a long column loses little precision and the result does not depend on threads.
func addColumnSums(
  rows: Int, columns: Int, matrix: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>, context: ComputeContext
) throws {
  try addColumnSums(rows: rows, columns: columns, sums: sums, context: context) { range, _, add in
    add(matrix + range.lowerBound &* columns, range.count)
  }
}

/// The same for bfloat16, with rows widened a few at a time.
func addColumnSums(
  rows: Int, columns: Int, matrix: UnsafePointer<BFloat16>, sums: UnsafeMutablePointer<Float>, context: ComputeContext
) throws {
  let widen = try context.matrixKernelsBFloat16(operation: "column sums").widen
  // The kernel adds eight rows at once.
  let rowsAtOnce = max(8, Elements.widenedCount / columns / 8 * 8)
  try addColumnSums(
    rows: rows, columns: columns, sums: sums, scratchBytes: rowsAtOnce * columns * 4, context: context
  ) { range, scratch, add in
    let widened = scratch.assumingMemoryBound(to: Float.self)
    var row = range.lowerBound
    while row < range.upperBound {
      let count = min(rowsAtOnce, range.upperBound &- row)
      widen(count &* columns, matrix + row &* columns, widened)
      add(widened, count)
      row = row &+ count
    }
  }
}

/// - Parameter addBlock: calls `add` with the rows of a block, all at once or some at a time.
private func addColumnSums(
  rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>, scratchBytes: Int = 0, context: ComputeContext,
  addBlock: (
    _ rows: Range<Int>, _ scratch: UnsafeMutableRawPointer, _ add: (UnsafePointer<Float>, _ rows: Int) -> Void
  ) -> Void
) throws {
  let kernels = context.kernels.matrix
  let blocks = Partition(rows, atMost: max(256, (rows + 63) / 64))
  let partial = try context.shared(bytes: (blocks.parts * columns + 1) * 4).assumingMemoryBound(to: Float.self)
  let one = partial + (blocks.parts * columns)
  one[0] = 1
  func add(_ matrix: UnsafePointer<Float>, _ rows: Int, to output: UnsafeMutablePointer<Float>) {
    kernels.addWeightedRows(
      WeightedRows(
        weights: one, weightStride: 0, rows: matrix, rowStride: columns, rowCount: rows, columns: columns,
        output: output))
  }
  try context.forEach(blocks.parts, scratchBytes: scratchBytes) { block, scratch in
    let target = partial + (block &* columns)
    target.update(repeating: 0, count: columns)
    addBlock(blocks.range(block), scratch) { add($0, $1, to: target) }
  }
  add(partial, blocks.parts, to: sums)
}
