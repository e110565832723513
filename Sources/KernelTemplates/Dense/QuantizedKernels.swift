/// Innermost loops on signed-byte dense weights. A weight is q · scale, with a scale for each column (each
/// output of the layer) and q from −127 to 127.
///
/// Kernels check nothing; the rules of ``MatrixKernels`` apply.
public final class QuantizedKernels: Sendable {
  /// y[j] += Σ_k x[k] · q[k][j], without the scales: see ``QuantizedRows``.
  public let addWeightedRows: @Sendable (_ sum: QuantizedRows) -> Void
  /// Packs whole panels of q as floats, see ``PanelWidening``.
  public let widenPanels: @Sendable (_ widening: PanelWidening) -> Void
  /// largest[j] = max(largest[j], |w[j]|).
  public let raiseToMagnitudes:
    @Sendable (_ count: Int, _ w: UnsafePointer<Float>, _ largest: UnsafeMutablePointer<Float>) -> Void
  /// q[j] = w[j] / scale[j], rounded to the nearest integer, ties to even; |w[j]| ≤ 127 · scale[j].
  public let quantize:
    @Sendable (
      _ count: Int, _ w: UnsafePointer<Float>, _ scale: UnsafePointer<Float>, _ q: UnsafeMutablePointer<Int8>
    ) -> Void

  /// The kernels of an instruction set, compiled where it is called: see ``InstructionSet``.
  @inlinable @inline(__always)
  public init<I: InstructionSet, V: FloatVector & SIMD & SendableMetatype>(of _: I.Type, vector _: V.Type)
  where V.Scalar == Float {
    addWeightedRows = { KernelTemplates.addWeightedRows($0, fused: I.fused, as: V.self) }
    widenPanels = { KernelTemplates.widenPanels($0, as: V.self) }
    raiseToMagnitudes = { KernelTemplates.raiseToMagnitudes(I.self, $0, $1, $2) }
    quantize = { KernelTemplates.quantize(I.self, $0, $1, $2, $3) }
  }
}

/// y[j] += Σ_k weights[k] · rows[k · rowStride + j] for j in 0 ..< columns: ``WeightedRows`` on bytes.
public struct QuantizedRows {
  public var weights: UnsafePointer<Float>
  public var rows: UnsafePointer<Int8>
  public var rowStride: Int
  public var rowCount: Int
  public var columns: Int
  public var output: UnsafeMutablePointer<Float>
  public var prefetches: Bool

  public init(
    weights: UnsafePointer<Float>, rows: UnsafePointer<Int8>, rowStride: Int, rowCount: Int, columns: Int,
    output: UnsafeMutablePointer<Float>, prefetches: Bool
  ) {
    self.weights = weights
    self.rows = rows
    self.rowStride = rowStride
    self.rowCount = rowCount
    self.columns = columns
    self.output = output
    self.prefetches = prefetches
  }
}

/// panel p[k][j] = source[k · sourceStride + p · columns + j] for k in 0 ..< rowCount and two vectors of columns:
/// ``PanelCopy`` on bytes.
public struct PanelWidening {
  public var source: UnsafePointer<Int8>
  public var sourceStride: Int
  public var rowCount: Int
  public var panelCount: Int
  public var panels: UnsafeMutablePointer<Float>
  /// Floats from one panel to the next.
  public var panelStride: Int

  public init(
    source: UnsafePointer<Int8>, sourceStride: Int, rowCount: Int, panelCount: Int,
    panels: UnsafeMutablePointer<Float>, panelStride: Int
  ) {
    self.source = source
    self.sourceStride = sourceStride
    self.rowCount = rowCount
    self.panelCount = panelCount
    self.panels = panels
    self.panelStride = panelStride
  }
}
