import KernelTemplates
import Tensors

/// The scales of weights [rows][columns] that are rounded to signed bytes: scale[n] = max_k |w[k][n]| / 127, and 1 where
/// that would be below the smallest normal number.
public enum WeightScales {
  public static func write(
    rows: Int, columns: Int, weights: UnsafePointer<Float>, into scales: UnsafeMutablePointer<Float>,
    context: ComputeContext
  ) throws {
    let kernels = context.kernels.quantized
    let blocks = Partition(columns, atMost: DenseShape.ownedColumns)
    try context.forEach(blocks.parts) { block, _ in
      let own = blocks.range(block)
      kernels.writeScales(
        columns: own.count, rows: rows, weights + own.lowerBound, stride: columns, into: scales + own.lowerBound)
    }
  }
}

extension QuantizedKernels {
  func writeScales(
    columns: Int, rows: Int, _ weights: UnsafePointer<Float>, stride: Int, into scale: UnsafeMutablePointer<Float>
  ) {
    scale.update(repeating: 0, count: columns)
    for k in 0..<rows { raiseToMagnitudes(columns, weights + k &* stride, scale) }
    for j in 0..<columns {
      let step = scale[j] / 127
      scale[j] = step < .leastNormalMagnitude ? 1 : step
    }
  }
}
