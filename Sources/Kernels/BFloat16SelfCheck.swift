import KernelTemplates
import Tensors

extension BFloat16Kernels {
  /// Whether small products of integers come out to the last bit as those of `other`: asked once before an
  /// instruction set is used that was developed without such a CPU.
  func agrees(with other: BFloat16Kernels) -> Bool {
    (1...rows).allSatisfy { rows in
      [false, true].allSatisfy { starts in
        let product = SmallProduct(
          rows: rows, inner: max(innerMultiple, other.innerMultiple), columns: columns, starts: starts)
        return product.multiplied(by: self) == product.multiplied(by: other)
      }
    }
  }
}

/// Two blocks of rows times a panel, the inner index in two runs.
private struct SmallProduct {
  let rows: Int
  let inner: Int
  let columns: Int
  let starts: Bool

  private var leftStride: Int { 3 * inner + 7 }

  func multiplied(by kernels: BFloat16Kernels) -> [Float] {
    let left = (0..<2 * rows * leftStride).map { BFloat16(Float($0 % 17 - 8)) }
    let panel = (0..<2 * inner * columns).map { BFloat16(Float($0 % 13 - 6)) }
    let start = (0..<columns).map { Float($0) }
    var output = [Float](repeating: 1, count: 2 * rows * columns)
    // An array is a pointer for as long as the call that it is an argument of.
    multiply(
      kernels, left: left, runs: [0, 2 * inner], panel: panel, start: starts ? start : nil, output: &output)
    return output
  }

  private func multiply(
    _ kernels: BFloat16Kernels, left: UnsafePointer<BFloat16>, runs: UnsafePointer<Int>,
    panel: UnsafePointer<BFloat16>, start: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>
  ) {
    // Blocks that are too high for the kernels become blocks of a row.
    let (rows, blocks) = self.rows <= kernels.rows ? (self.rows, 2) : (1, 2 * self.rows)
    withUnsafeTemporaryAllocation(of: UnsafePointer<BFloat16>.self, capacity: blocks) { pointers in
      guard let pointers = pointers.baseAddress else { return }
      for block in 0..<blocks { pointers[block] = left + block * rows * leftStride }
      for block in stride(from: 0, to: blocks, by: kernels.blocks) {
        kernels.tile(
          BFloat16Tile(
            rows: rows, blockCount: min(kernels.blocks, blocks - block), left: pointers + block,
            leftStride: leftStride, runOffsets: runs, runCount: 2, runLength: inner, panel: panel, start: start,
            output: output + block * rows * columns, outputStride: columns))
      }
    }
  }
}
