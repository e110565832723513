import CShims
import KernelTemplates
import Tensors

// Packing of the right-hand matrix into panels of pairs; see the drawing at `MatrixKernelsBFloat16`.

extension WordTileKernels {
  /// Panels that `columns` columns fill, the last one perhaps partly.
  func panelCount(_ columns: Int) -> Int { (columns + self.columns - 1) / self.columns }

  /// The length of a run of `count` elements, padded for the tiles.
  func runLength(_ count: Int) -> Int { (count + innerMultiple - 1) / innerMultiple * innerMultiple }
}

extension MatrixKernelsBFloat16 {
  /// Packs `count` rows of `columns` floats, `stride` apart, into panels that begin `panelStride` elements apart, and
  /// pads the run with zeros.
  func packPanels(
    _ source: UnsafePointer<Float>, stride: Int, count: Int, columns: Int,
    into panels: UnsafeMutablePointer<BFloat16>, panelStride: Int = 0
  ) {
    packFloats(count, columns, source, stride, panels, panelStride)
    fillUp(panels, panelStride: panelStride, count: count, panelCount: panelCount(columns))
  }

  /// The same for rows of bfloat16.
  func packPanels(
    _ source: UnsafePointer<BFloat16>, stride: Int, count: Int, columns: Int,
    into panels: UnsafeMutablePointer<BFloat16>, panelStride: Int = 0
  ) {
    packRows(count, columns, source, stride, panels, panelStride)
    fillUp(panels, panelStride: panelStride, count: count, panelCount: panelCount(columns))
  }

  private func fillUp(
    _ panels: UnsafeMutablePointer<BFloat16>, panelStride: Int, count: Int, panelCount: Int
  ) {
    let written = (count + 1) / 2 * 2
    let missing = runLength(count) &- written
    guard missing > 0 else { return }
    for panel in 0..<panelCount {
      memset(panels + (panel &* panelStride &+ written &* columns), 0, missing &* columns &* 2)
    }
  }
}

/// Packs transposed panels: the columns of a panel are gathered as rows, [columns][stride], and transposed.
struct PanelTransposition {
  private let kernels: MatrixKernelsBFloat16
  private let transpose: @Sendable (Int, Int, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void
  private let length: Int
  private let rowPart: ScratchLayout.Part<BFloat16>

  /// Elements from one row to the next: rows a power of two apart would share a few cache sets.
  let stride: Int

  /// - Parameters:
  ///   - length: of the packed run, padded.
  ///   - layout: reserves its scratch here.
  init(length: Int, kernels: MatrixKernelsBFloat16, layout: inout ScratchLayout, context: ComputeContext) {
    self.kernels = kernels
    transpose = context.kernels.pointwise.transpose
    self.length = length
    stride = length + 32
    rowPart = layout.reserve(kernels.columns * stride, of: BFloat16.self)
  }

  /// The rows, zeroed: what is not written stays zero.
  func rows(in scratch: UnsafeMutableRawPointer) -> UnsafeMutablePointer<BFloat16> {
    let rows = rowPart.pointer(in: scratch)
    memset(rows, 0, kernels.columns &* stride &* 2)
    return rows
  }

  /// Transposes the rows to [length / 2][columns][2]: a pair moves like one float.
  func pack(in scratch: UnsafeMutableRawPointer, into panel: UnsafeMutablePointer<BFloat16>) {
    let rows = UnsafeRawPointer(rowPart.pointer(in: scratch)).assumingMemoryBound(to: Float.self)
    let panel = UnsafeMutableRawPointer(panel).assumingMemoryBound(to: Float.self)
    transpose(kernels.columns, length / 2, rows, stride / 2, panel, kernels.columns)
  }
}
