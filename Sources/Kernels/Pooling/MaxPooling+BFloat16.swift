import KernelTemplates
import Tensors

extension MaxPooling {
  /// ``forward(_:input:output:argument:context:)`` for bfloat16: a row's windows are widened, so the result is exact.
  public static func forward(
    _ shape: PoolingShape, input: UnsafePointer<BFloat16>, output: UnsafeMutablePointer<BFloat16>,
    argument: UnsafeMutablePointer<UInt8>?, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "max_pool2d")
    let kernel = context.kernels.pointwise.maxPoolingForward
    let (inputRow, outputRow) = (shape.inputWidth * shape.channels, shape.outputWidth * shape.channels)
    let strips = Partition(
      shape.outputHeight, atMost: (widenedCount / inputRow - shape.kernelHeight) / shape.strideHeight + 1,
      atLeast: fewestItems / shape.batch)
    let inputRows = min(shape.inputHeight, (strips.largest - 1) * shape.strideHeight + shape.kernelHeight)
    var layout = ScratchLayout()
    let inputPart = layout.reserve(inputRows * inputRow, of: Float.self)
    let outputPart = layout.reserve(outputRow, of: Float.self)
    try context.forEach(shape.batch * strips.parts, scratchBytes: layout.bytes) { item, scratch in
      let (image, outputRows) = (item / strips.parts, strips.range(item % strips.parts))
      let (plane, rows) = shape.plane.windows(ofOutputRows: outputRows)
      let (widened, maxima) = (inputPart.pointer(in: scratch), outputPart.pointer(in: scratch))
      bfloat16.widen(
        rows.count &* inputRow, input + (image &* shape.inputHeight &+ rows.lowerBound) &* inputRow, widened)
      for row in 0..<outputRows.count {
        let at = (image &* shape.outputHeight &+ outputRows.lowerBound &+ row) &* outputRow
        kernel(plane, row, widened, maxima, argument.map { $0 + at })
        bfloat16.narrow(outputRow, maxima, output + at)
      }
    }
  }

  /// ``backward(_:outputGradient:argument:inputGradient:context:)`` for bfloat16: an input's windows are summed in
  /// float32.
  public static func backward(
    _ shape: PoolingShape, outputGradient: UnsafePointer<BFloat16>, argument: UnsafePointer<UInt8>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.matrixKernelsBFloat16(operation: "max_pool2d")
    let kernel = context.kernels.pointwise.maxPoolingBackward
    let (inputRow, outputRow) = (shape.inputWidth * shape.channels, shape.outputWidth * shape.channels)
    let strips = Partition(
      shape.inputHeight,
      atMost: (widenedCount / outputRow).saturatingTimes(shape.strideHeight) - shape.kernelHeight,
      atLeast: fewestItems / shape.batch)
    let outputRows = min(shape.outputHeight, (strips.largest + shape.kernelHeight - 2) / shape.strideHeight + 1)
    var layout = ScratchLayout()
    let outputPart = layout.reserve(outputRows * outputRow, of: Float.self)
    let inputPart = layout.reserve(inputRow, of: Float.self)
    try context.forEach(shape.batch * strips.parts, scratchBytes: layout.bytes) { item, scratch in
      let (image, inputRows) = (item / strips.parts, strips.range(item % strips.parts))
      let (plane, rows) = shape.plane.windows(ofInputRows: inputRows)
      let (widened, sums) = (outputPart.pointer(in: scratch), inputPart.pointer(in: scratch))
      let at = (image &* shape.outputHeight &+ rows.lowerBound) &* outputRow
      bfloat16.widen(rows.count &* outputRow, outputGradient + at, widened)
      for row in inputRows {
        kernel(plane, row, widened, argument + at, sums)
        bfloat16.narrow(inputRow, sums, inputGradient + (image &* shape.inputHeight &+ row) &* inputRow)
      }
    }
  }

  /// Approximate floats that an item widens at once: they stay in the L2 cache.
  private static var widenedCount: Int { 64 << 10 }
  /// A smaller batch is split further, to give all threads work.
  private static var fewestItems: Int { 8 }
}

extension PoolingPlane {
  /// The plane with only the rows read by the windows of some output rows; its output row 0 is their first.
  func windows(ofOutputRows outputRows: Range<Int>) -> (plane: PoolingPlane, rows: Range<Int>) {
    let top = outputRows.lowerBound &* strideHeight &- paddingTop
    let end = (outputRows.upperBound &- 1) &* strideHeight &- paddingTop &+ kernelHeight
    let rows = Range(uncheckedBounds: (max(0, top), min(inputHeight, end)))
    var plane = self
    plane.inputHeight = rows.count
    plane.outputHeight = outputRows.count
    plane.paddingTop = rows.lowerBound &- top
    return (plane, rows)
  }

  /// The plane with only the output rows whose windows contain some of the input rows.
  func windows(ofInputRows inputRows: Range<Int>) -> (plane: PoolingPlane, rows: Range<Int>) {
    let first = Self.firstWindow(
      inputRows.lowerBound, padding: paddingTop, kernel: kernelHeight, stride: strideHeight)
    let end = Self.endWindow(
      inputRows.upperBound &- 1, padding: paddingTop, stride: strideHeight, outputs: outputHeight)
    let rows = Range(uncheckedBounds: (first, max(first, end)))
    var plane = self
    plane.outputHeight = rows.count
    plane.paddingTop = paddingTop &- first &* strideHeight
    return (plane, rows)
  }
}
