import KernelTemplates
import Tensors

extension MatrixKernelsBFloat16 {
  /// Whether small products of integers agree to the last bit with those of `other`: checked once before using an
  /// instruction set that was developed without such a CPU. Runs are several steps long, the last call may have fewer
  /// blocks than the others, and output rows are spaced apart: this covers every path through a kernel.
  func agrees(with other: MatrixKernelsBFloat16) -> Bool {
    (1...rows).allSatisfy { rows in
      [false, true].allSatisfy { starts in
        let product = SmallProduct(
          rows: rows, inner: 3 * max(innerMultiple, other.innerMultiple), columns: columns, starts: starts)
        return product.multiplied(by: self) == product.multiplied(by: other)
      }
    }
  }
}

/// Three blocks of rows times a panel, the inner index in two runs.
private struct SmallProduct {
  private static let blocks = 3

  let rows: Int
  let inner: Int
  let columns: Int
  let starts: Bool

  private var leftStride: Int { 3 * inner + 7 }
  private var outputStride: Int { columns + 5 }

  func multiplied(by kernels: MatrixKernelsBFloat16) -> [Float] {
    let left = (0..<Self.blocks * rows * leftStride).map { BFloat16(Float($0 % 17 - 8)) }
    let panel = (0..<2 * inner * columns).map { BFloat16(Float($0 % 13 - 6)) }
    let start = (0..<columns).map { Float($0) }
    // What lies between the rows is returned too, and must be unchanged.
    var output = (0..<Self.blocks * rows * outputStride).map { Float($0 % 11) }
    // An array is passed as a pointer, valid for the duration of the call.
    multiply(
      kernels, left: left, runs: [0, 2 * inner], panel: panel, start: starts ? start : nil, output: &output)
    return output
  }

  private func multiply(
    _ kernels: MatrixKernelsBFloat16, left: UnsafePointer<BFloat16>, runs: UnsafePointer<Int>,
    panel: UnsafePointer<BFloat16>, start: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>
  ) {
    // Blocks with too many rows for the kernels become blocks of one row.
    let (rows, blocks) = self.rows <= kernels.rows ? (self.rows, Self.blocks) : (1, Self.blocks * self.rows)
    withUnsafeTemporaryAllocation(of: UnsafePointer<BFloat16>.self, capacity: blocks) { pointers in
      guard let pointers = pointers.baseAddress else { return }
      for block in 0..<blocks { pointers[block] = left + block * rows * leftStride }
      for block in stride(from: 0, to: blocks, by: kernels.blocks) {
        kernels.tile(
          RowTileBFloat16(
            rows: rows, blockCount: min(kernels.blocks, blocks - block), left: pointers + block,
            leftStride: leftStride, runOffsets: runs, runCount: 2, runLength: inner, panel: panel, start: start,
            output: output + block * rows * outputStride, outputStride: outputStride))
      }
    }
  }
}
