import KernelTemplates

extension LocalResponseNormalization {
  /// Maximum pooling of the normalised input, for inference: an item normalises the rows that its windows read and pools
  /// them while they are in the cache, so that the normalised map is never written out. The bits are those of
  /// ``forward(rows:channels:groups:parameters:input:output:scale:context:)`` and ``MaxPooling`` one after the other.
  /// - Parameters:
  ///   - pool: of the normalised map.
  ///   - groups: see `forward`.
  public static func forwardPooled(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try validate(groups: groups, channels: pool.channels)
    let line = parameters.line(pool.channels / groups)
    let (normalize, maximum) = (
      context.kernels.pointwise.responseNormalizationForward, context.kernels.pointwise.maxPoolingForward
    )
    let (rowFloats, outputRowFloats) = (pool.inputWidth * pool.channels, pool.outputWidth * pool.channels)
    let cached = (pooledBytes / 4 / rowFloats - pool.kernelHeight) / pool.strideHeight + 1
    let parts = max((pool.outputHeight + max(1, cached) - 1) / max(1, cached), fewestItems / pool.batch)
    let blocks = Partition(pool.outputHeight, parts: parts)
    let inputRows = min(pool.inputHeight, (blocks.largest - 1) * pool.strideHeight + pool.kernelHeight)
    var layout = ScratchLayout()
    let normalizedPart = layout.reserve(inputRows * rowFloats, of: Float.self)
    let linePart = layout.reserve(line.scratchCount, of: Float.self)

    try context.forEach(pool.batch * blocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let (image, rows) = (item / blocks.parts, blocks.range(item % blocks.parts))
      let normalized = normalizedPart.pointer(in: scratch)
      let first = max(0, rows.lowerBound &* pool.strideHeight &- pool.padding.top)
      let end = min(
        pool.inputHeight, (rows.upperBound &- 1) &* pool.strideHeight &- pool.padding.top &+ pool.kernelHeight)
      normalize(
        line, (end &- first) &* pool.inputWidth &* groups,
        input + (image &* pool.inputHeight &+ first) &* rowFloats, normalized, nil, linePart.pointer(in: scratch))
      // The rows at hand are an image whose padding ends where its rows begin.
      var plane = pool.plane
      plane.inputHeight = end &- first
      plane.paddingTop = pool.padding.top &+ first
      for row in rows {
        maximum(
          plane, row, normalized, output + (image &* pool.outputHeight &+ row) &* outputRowFloats, nil)
      }
    }
  }

  /// Bytes of normalised rows at once, about: most of the second-level cache.
  private static let pooledBytes = 768 << 10
  /// A smaller batch is cut further, so that threads have something to share.
  private static let fewestItems = 8
}
