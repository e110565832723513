import Tensors

// Dense layers with a BLAS, in blocks of rows or columns so that an interrupt is noticed between them.

extension Dense {
  /// Approximate multiply-accumulates of a block.
  private static let blockWork = 1 << 30

  static func forwardByBLAS(
    _ shape: DenseShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    relu: Bool, output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let blocks = Partition(outputs, atMost: max(1, blockWork / (batch * inputs)))
    try context.forEach(blocks.parts, threads: 1) { block, _ in
      let range = blocks.range(block)
      let target = output + range.lowerBound
      BLAS.start(
        target, rows: batch, columns: range.count, stride: outputs, bias: bias.map { $0 + range.lowerBound })
      BLAS.multiply(
        rows: batch, columns: range.count, inner: inputs, left: input, leftStride: inputs,
        right: weights + range.lowerBound, rightStride: outputs, accumulate: true, output: target,
        outputStride: outputs)
      if relu { BLAS.rectify(target, rows: batch, columns: range.count, stride: outputs) }
    }
  }

  static func backwardDataByBLAS(
    _ shape: DenseShape, outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let blocks = Partition(inputs, atMost: max(1, blockWork / (batch * outputs)))
    try context.forEach(blocks.parts, threads: 1) { block, _ in
      let range = blocks.range(block)
      BLAS.multiply(
        rows: batch, columns: range.count, inner: outputs, left: outputGradient, leftStride: outputs,
        right: weights + (range.lowerBound &* outputs), rightStride: outputs, rightTransposed: true,
        accumulate: false, output: inputGradient + range.lowerBound, outputStride: inputs)
    }
  }

  static func backwardFilterByBLAS(
    _ shape: DenseShape, input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    weightGradient: UnsafeMutablePointer<Float>, accumulate: Bool, context: ComputeContext
  ) throws {
    let (batch, inputs, outputs) = (shape.batch, shape.inputs, shape.outputs)
    let blocks = Partition(inputs, atMost: max(1, blockWork / (batch * outputs)))
    try context.forEach(blocks.parts, threads: 1) { block, _ in
      let range = blocks.range(block)
      BLAS.multiply(
        rows: range.count, columns: outputs, inner: batch, left: input + range.lowerBound, leftStride: inputs,
        leftTransposed: true, right: outputGradient, rightStride: outputs, accumulate: accumulate,
        output: weightGradient + (range.lowerBound &* outputs), outputStride: outputs)
    }
  }
}
