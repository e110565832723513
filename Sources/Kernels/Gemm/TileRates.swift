import KernelTemplates

/// How fast tiles of each size are, relative to the limit: the source of the table `MatrixKernels.rates`.
public enum TileRates {
  /// The most vectors and rows of a tile of any instruction set.
  public static let (mostVectors, mostRows) = (3, 16)

  /// Operations per second of all threads, [vectors - 1][rows - 1], measured on the products of a row of 13 pixels,
  /// three kernel rows and 192 channels: a panel fits the L2 cache, as in most convolutions.
  public static func float32(context: ComputeContext) throws -> [[Double]] {
    let kernels = context.kernels.matrix
    return try [kernels.narrowRowTile, kernels.rowTile, kernels.wideRowTile].enumerated().map { index, kernel in
      try (1...kernels.rates[index].count).map { rows in
        try rate(kernel, rows: rows, columns: (index + 1) * kernels.vectorWidth, context)
      }
    }
  }

  private static func rate(
    _ kernel: @escaping @Sendable (Int, RowTile) -> Void, rows: Int, columns: Int, _ context: ComputeContext
  ) throws -> Double {
    let (runs, channels, pixels, tiles) = (3, 192, mostRows + 2, 128)
    var layout = ScratchLayout()
    let imagePart = layout.reserve(runs * pixels * channels, of: Float.self)
    let panelPart = layout.reserve(runs * 3 * channels * columns, of: Float.self)
    let outputPart = layout.reserve(rows * columns, of: Float.self)
    let leftPart = layout.reserve(rows, of: UnsafePointer<Float>.self)
    let runPart = layout.reserve(runs, of: Int.self)
    return try FMALimit.fastest(context, scratchFloats: layout.bytes / 4) { scratch in
      let (left, offsets) = (leftPart.pointer(in: scratch), runPart.pointer(in: scratch))
      for row in 0..<rows { left[row] = UnsafePointer(imagePart.pointer(in: scratch) + (row &* channels)) }
      for run in 0..<runs { offsets[run] = run &* pixels &* channels }
      for _ in 0..<tiles {
        kernel(
          rows,
          RowTile(
            left: left, runOffsets: offsets, runCount: runs, runLength: 3 &* channels,
            panel: panelPart.pointer(in: scratch), panelWidth: columns, start: panelPart.pointer(in: scratch),
            relu: false, output: outputPart.pointer(in: scratch), outputStride: columns))
      }
      return 2 * rows * columns * runs * 3 * channels * tiles
    }
  }
}
