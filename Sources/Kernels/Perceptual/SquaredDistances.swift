import KernelTemplates

/// Squared Euclidean distances of all pairs of rows. Differences are squared and summed as they are, in float32 within
/// `runCount` elements and in float64 beyond: with tiles that stay in the cache this is about as fast as a matrix product,
/// and nearly equal rows keep their digits.
public enum SquaredDistances {
  /// Rows of either side that an item compares.
  private static let blockRows = 16
  /// Elements of a row that are read at once: 4 KiB.
  private static let runCount = 1024

  /// - Parameters:
  ///   - b: [columns][length]; nil: the rows of `a` are compared with each other, each pair once.
  ///   - output: [rows][columns].
  public static func compute(
    rows: Int, columns: Int, length: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>?,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.squaredDistances
    let (down, across) = ((rows + blockRows - 1) / blockRows, (columns + blockRows - 1) / blockRows)
    let scratchBytes = blockRows * blockRows * MemoryLayout<Double>.stride
    try context.forEach(down * across, scratchBytes: scratchBytes) { item, scratch in
      let (top, left) = (item / across &* blockRows, item % across &* blockRows)
      guard b != nil || left >= top else { return }  // its mirror image is another item
      let (height, width) = (min(blockRows, rows &- top), min(blockRows, columns &- left))
      let sums = scratch.assumingMemoryBound(to: Double.self)
      for i in 0..<(height &* blockRows) { sums[i] = 0 }
      var start = 0
      while start < length {
        let count = min(runCount, length &- start)
        for row in 0..<height {
          kernel(
            count, a + ((top &+ row) &* length &+ start), (b ?? a) + (left &* length &+ start), length, width,
            sums + row &* blockRows)
        }
        start &+= count
      }
      for row in 0..<height {
        for column in 0..<width {
          let value = Float(sums[row &* blockRows &+ column])
          output[(top &+ row) &* columns &+ left &+ column] = value
          if b == nil { output[(left &+ column) &* columns &+ top &+ row] = value }
        }
      }
    }
  }
}
