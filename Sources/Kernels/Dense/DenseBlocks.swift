import CShims
import Tensors

/// The input of a dense layer, divided into blocks of the inner index. The rows of a block are adjacent, not a power of
/// two apart, which would make them share a few cache sets.
struct DenseBlocks<Element: BitwiseCopyable> {
  /// Elements from one row of a block to the next.
  let stride: Int
  private let batch: Int
  private let elements: UnsafeMutablePointer<Element>

  /// Copies the input, [batch][inputs], into memory shared by items, valid until the context's next call.
  /// - Parameter steps: the blocks, in units of `multiple` inputs; zeros fill the last one.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  init(
    _ shape: DenseShape, steps: Partition, multiple: Int = 1, input: UnsafePointer<Element>, context: ComputeContext
  ) throws {
    let cacheLine = 64 / MemoryLayout<Element>.stride
    let (batch, stride) = (shape.batch, steps.largest * multiple + cacheLine)
    let bytes = try Extent.product(
      [steps.parts, batch, stride, MemoryLayout<Element>.stride], operation: "dense")
    let elements = try context.shared(bytes: bytes).assumingMemoryBound(to: Element.self)
    (self.batch, self.stride, self.elements) = (batch, stride, elements)
    try context.forEach(steps.parts) { step, _ in
      let first = steps.range(step).lowerBound &* multiple
      let length = steps.range(step).count &* multiple
      let count = min(length, shape.inputs &- first)
      let block = elements + (step &* batch &* stride)
      if count < length { memset(block, 0, batch &* stride &* MemoryLayout<Element>.stride) }
      copyRows(
        input + first, stride: shape.inputs, rows: batch, columns: count, into: block, targetStride: stride)
    }
  }

  /// The part of a row in a block.
  func row(_ row: Int, step: Int) -> UnsafePointer<Element> {
    UnsafePointer(elements + ((step &* batch &+ row) &* stride))
  }
}
