import KernelTemplates
import Tensors

extension MaxPooling {
  /// ``forward(_:input:output:argument:context:)`` of bfloat16: a row's windows are widened, so the result is exact.
  public static func forward(
    _ shape: PoolingShape, input: UnsafePointer<BFloat16>, output: UnsafeMutablePointer<BFloat16>,
    argument: UnsafeMutablePointer<UInt8>?, context: ComputeContext
  ) throws {
    let bfloat16 = try context.bfloat16Kernels(operation: "max_pool2d")
    let kernel = context.kernels.pointwise.maxPoolingForward
    let (inputRow, outputRow) = (shape.inputWidth * shape.channels, shape.outputWidth * shape.channels)
    var layout = ScratchLayout()
    let inputPart = layout.reserve(shape.kernelHeight * inputRow, of: Float.self)
    let outputPart = layout.reserve(outputRow, of: Float.self)
    try context.forEach(shape.batch * shape.outputHeight, scratchBytes: layout.bytes) { item, scratch in
      let (plane, rows) = shape.plane.windows(ofOutputRow: item % shape.outputHeight)
      let (widened, maxima) = (inputPart.pointer(in: scratch), outputPart.pointer(in: scratch))
      let firstRow = item / shape.outputHeight &* shape.inputHeight &+ rows.lowerBound
      bfloat16.widen(rows.count &* inputRow, input + firstRow &* inputRow, widened)
      let at = item &* outputRow
      kernel(plane, 0, widened, maxima, argument.map { $0 + at })
      bfloat16.narrow(outputRow, maxima, output + at)
    }
  }

  /// ``backward(_:outputGradient:argument:inputGradient:context:)`` of bfloat16: an input's windows are added up in
  /// float32.
  public static func backward(
    _ shape: PoolingShape, outputGradient: UnsafePointer<BFloat16>, argument: UnsafePointer<UInt8>,
    inputGradient: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    let bfloat16 = try context.bfloat16Kernels(operation: "max_pool2d")
    let kernel = context.kernels.pointwise.maxPoolingBackward
    let (inputRow, outputRow) = (shape.inputWidth * shape.channels, shape.outputWidth * shape.channels)
    let windowRows = min(shape.outputHeight, (shape.kernelHeight - 1) / shape.strideHeight + 1)
    var layout = ScratchLayout()
    let outputPart = layout.reserve(windowRows * outputRow, of: Float.self)
    let inputPart = layout.reserve(inputRow, of: Float.self)
    try context.forEach(shape.batch * shape.inputHeight, scratchBytes: layout.bytes) { item, scratch in
      let row = item % shape.inputHeight
      let (plane, rows) = shape.plane.windows(ofInputRow: row)
      let (widened, sums) = (outputPart.pointer(in: scratch), inputPart.pointer(in: scratch))
      let at = (item / shape.inputHeight &* shape.outputHeight &+ rows.lowerBound) &* outputRow
      bfloat16.widen(rows.count &* outputRow, outputGradient + at, widened)
      kernel(plane, row, widened, argument + at, sums)
      bfloat16.narrow(inputRow, sums, inputGradient + item &* inputRow)
    }
  }
}

extension PoolingPlane {
  /// The plane that holds only the rows which the windows of one output row read: its output row 0 is that row.
  func windows(ofOutputRow row: Int) -> (plane: PoolingPlane, rows: Range<Int>) {
    let top = row &* strideHeight &- paddingTop
    let rows = Range(uncheckedBounds: (max(0, top), min(inputHeight, top &+ kernelHeight)))
    var plane = self
    plane.inputHeight = rows.count
    plane.outputHeight = 1
    plane.paddingTop = rows.lowerBound &- top
    return (plane, rows)
  }

  /// The plane that has only the output rows whose windows hold one input row.
  func windows(ofInputRow row: Int) -> (plane: PoolingPlane, rows: Range<Int>) {
    let first = Self.firstWindow(row, padding: paddingTop, kernel: kernelHeight, stride: strideHeight)
    let end = Self.endWindow(row, padding: paddingTop, stride: strideHeight, outputs: outputHeight)
    let rows = Range(uncheckedBounds: (first, max(first, end)))
    var plane = self
    plane.outputHeight = rows.count
    plane.paddingTop = paddingTop &- first &* strideHeight
    return (plane, rows)
  }
}
