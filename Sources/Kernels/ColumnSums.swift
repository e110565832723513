import KernelTemplates

/// sums[j] += Σ_i matrix[i][j]: the gradient of a bias. Blocks of rows are summed by themselves, then the blocks'
/// sums in their order, so that a long column loses little precision and the result depends on no thread.
func addColumnSums(
  rows: Int, columns: Int, matrix: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>, context: ComputeContext
) throws {
  let kernels = context.kernels.matrix
  let blocks = Partition(rows, atMost: max(256, (rows + 63) / 64))
  let partial = try context.shared(bytes: (blocks.parts * columns + 1) * 4).assumingMemoryBound(to: Float.self)
  let one = partial + (blocks.parts * columns)
  one[0] = 1
  try context.forEach(blocks.parts) { block, _ in
    let range = blocks.range(block)
    let target = partial + (block &* columns)
    target.update(repeating: 0, count: columns)
    kernels.addWeightedRows(
      WeightedRows(
        weights: one, weightStride: 0, rows: matrix + (range.lowerBound &* columns), rowStride: columns,
        rowCount: range.count, columns: columns, output: target))
  }
  kernels.addWeightedRows(
    WeightedRows(
      weights: one, weightStride: 0, rows: partial, rowStride: columns, rowCount: blocks.parts, columns: columns,
      output: sums))
}
