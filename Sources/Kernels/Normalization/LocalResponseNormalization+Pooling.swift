import KernelTemplates
import Tensors

extension LocalResponseNormalization {
  /// Maximum pooling of the normalised input, for inference: an item normalises the rows that its windows read and
  /// pools them while they are in the cache, so that the normalised map is never stored. The bits are those of
  /// ``forward(rows:channels:groups:parameters:input:output:scale:context:)`` followed by ``MaxPooling``.
  /// - Parameters:
  ///   - pool: of the normalised map.
  ///   - groups: see `forward`.
  public static func forwardPooled(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (normalize, maximum) = (
      context.kernels.pointwise.responseNormalizationForward, context.kernels.pointwise.maxPoolingForward
    )
    try forEachPooledBlock(pool, groups: groups, parameters: parameters, context: context) { block, line, _ in
      normalize(line, block.lines, input + block.input, block.normalized, nil, block.lineScratch)
    } poolRow: { block, row, _ in
      maximum(block.plane, row, block.normalized, output + block.output(of: row), nil)
    }
  }

  /// The same for bfloat16, computed in float32: rounding keeps the order of numbers, so the bits are again those of
  /// two separate passes.
  public static func forwardPooled(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<BFloat16>,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "local_response_norm")
    try forwardPooled(pool, groups: groups, parameters: parameters, context: context) { count, at, widened in
      bfloat16.widen(count, input + at, widened)
    } narrow: { count, maxima, at in
      bfloat16.narrow(count, maxima, output + at)
    }
  }

  /// The same for bytes: likewise, and maxima are rounded once.
  /// - Parameters:
  ///   - from: the input's quantisation, whose values are all finite.
  ///   - to: the output's.
  public static func forwardPooled(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<UInt8>,
    from: Quantization, output: UnsafeMutablePointer<UInt8>, to: Quantization, context: ComputeContext
  ) throws {
    let kernels = context.kernels.int8
    try forwardPooled(pool, groups: groups, parameters: parameters, context: context) { count, at, widened in
      kernels.dequantize(count, input + at, from.scale, Float(from.zeroPoint), widened)
    } narrow: { count, maxima, at in
      kernels.quantize(count, maxima, 1 / to.scale, Float(to.zeroPoint), output + at)
    }
  }

  /// - Parameters:
  ///   - widen: writes some of the input as floats, so many that they stay in the L1 cache.
  ///   - narrow: writes the output from floats.
  private static func forwardPooled(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, context: ComputeContext,
    widen: (_ count: Int, _ from: Int, _ widened: UnsafeMutablePointer<Float>) -> Void,
    narrow: (_ count: Int, _ maxima: UnsafePointer<Float>, _ to: Int) -> Void
  ) throws {
    let (normalize, maximum) = (
      context.kernels.pointwise.responseNormalizationForward, context.kernels.pointwise.maxPoolingForward
    )
    try forEachPooledBlock(pool, groups: groups, parameters: parameters, context: context) { block, line, linesAtOnce in
      var done = 0
      while done < block.lines {
        let (lines, at) = (min(linesAtOnce, block.lines &- done), done &* line.length)
        let widened = block.normalized + at
        widen(lines &* line.length, block.input &+ at, widened)
        normalize(line, lines, widened, widened, nil, block.lineScratch)
        done = done &+ lines
      }
    } poolRow: { block, row, maxima in
      maximum(block.plane, row, block.normalized, maxima, nil)
      narrow(block.outputRow, maxima, block.output(of: row))
    }
  }

  /// Input rows that an item normalises, and where the rows pooled from them go.
  private struct PooledBlock {
    /// These rows as an image.
    let plane: PoolingPlane
    /// Elements from the beginning of the input, and of the output, to their first rows.
    let input: Int
    let output: Int
    /// Elements of an output row.
    let outputRow: Int
    /// Groups of channels in these rows.
    let lines: Int
    let normalized: UnsafeMutablePointer<Float>
    let lineScratch: UnsafeMutablePointer<Float>

    func output(of row: Int) -> Int { output &+ row &* outputRow }
  }

  /// - Parameters:
  ///   - normalizeRows: fills the block's normalised rows, given how many lines fit into the L1 cache.
  ///   - poolRow: pools one output row; may use the given row of floats.
  private static func forEachPooledBlock(
    _ pool: PoolingShape, groups: Int, parameters: ResponseNormalization, context: ComputeContext,
    normalizeRows: (_ block: PooledBlock, _ line: ResponseLine, _ linesAtOnce: Int) -> Void,
    poolRow: (_ block: PooledBlock, _ row: Int, _ maxima: UnsafeMutablePointer<Float>) -> Void
  ) throws {
    try validate(groups: groups, channels: pool.channels)
    let line = parameters.line(pool.channels / groups)
    let (inputRow, outputRow) = (pool.inputWidth * pool.channels, pool.outputWidth * pool.channels)
    let cached = (pooledBytes / 4 / inputRow - pool.kernelHeight) / pool.strideHeight + 1
    let blocks = Partition(pool.outputHeight, atMost: cached, atLeast: fewestItems / pool.batch)
    let inputRows = min(pool.inputHeight, (blocks.largest - 1) * pool.strideHeight + pool.kernelHeight)
    let linesAtOnce = max(ResponseLine.blockLines, Elements.widenedCount / line.length)
    var layout = ScratchLayout()
    let normalizedPart = layout.reserve(inputRows * inputRow, of: Float.self)
    let linePart = layout.reserve(line.scratchCount, of: Float.self)
    let maximaPart = layout.reserve(outputRow, of: Float.self)

    try context.forEach(pool.batch * blocks.parts, scratchBytes: layout.bytes) { item, scratch in
      let (image, rows) = (item / blocks.parts, blocks.range(item % blocks.parts))
      let (plane, read) = pool.plane.windows(ofOutputRows: rows)
      let block = PooledBlock(
        plane: plane, input: (image &* pool.inputHeight &+ read.lowerBound) &* inputRow,
        output: (image &* pool.outputHeight &+ rows.lowerBound) &* outputRow, outputRow: outputRow,
        lines: read.count &* pool.inputWidth &* groups, normalized: normalizedPart.pointer(in: scratch),
        lineScratch: linePart.pointer(in: scratch))
      normalizeRows(block, line, linesAtOnce)
      for row in 0..<rows.count { poolRow(block, row, maximaPart.pointer(in: scratch)) }
    }
  }

  /// Approximate bytes of normalised rows at once: most of the L2 cache.
  private static let pooledBytes = 768 << 10
  /// A smaller batch is split further, to give all threads work.
  private static let fewestItems = 8
}
