import Tensors

/// Conversions between channels-first (NCHW, in callers' tensors) and channels-last (NHWC, inside).
public enum Layout {
  /// [batch, channels, height, width] → [batch, height, width, channels]. Not in place.
  public static func nchwToNHWC<Element: ActivationElement>(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<Element>,
    output: UnsafeMutablePointer<Element>, context: ComputeContext
  ) throws {
    let (pixels, transpose) = (height * width, Element.transpose(of: context.kernels.pointwise))
    try forEachStrip(batch, channels, pixels, context: context) { image, start, count in
      let base = image &* channels &* pixels
      transpose(channels, count, input + (base &+ start), pixels, output + (base &+ start &* channels), channels)
    }
  }

  /// [batch, height, width, channels] → [batch, channels, height, width]. Not in place.
  public static func nhwcToNCHW<Element: ActivationElement>(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<Element>,
    output: UnsafeMutablePointer<Element>, context: ComputeContext
  ) throws {
    let (pixels, transpose) = (height * width, Element.transpose(of: context.kernels.pointwise))
    try forEachStrip(batch, channels, pixels, context: context) { image, start, count in
      let base = image &* channels &* pixels
      transpose(count, channels, input + (base &+ start &* channels), channels, output + (base &+ start), pixels)
    }
  }

  /// y[column][row] = x[row][column]: `rows` × `columns` values into part of a matrix whose rows are `outputStride` apart.
  public static func transpose(
    rows: Int, columns: Int, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, outputStride: Int,
    context: ComputeContext
  ) throws {
    let transpose = context.kernels.pointwise.transpose
    try forEachStrip(1, rows, columns, context: context) { _, start, count in
      transpose(rows, count, input + start, columns, output + start &* outputStride, outputStride)
    }
  }

  /// An item is a strip of pixels of one image, all channels, about as large as a block of ``Elements``.
  private static func forEachStrip(
    _ batch: Int, _ channels: Int, _ pixels: Int, context: ComputeContext,
    _ body: (_ image: Int, _ start: Int, _ count: Int) -> Void
  ) throws {
    // Whole cache lines of a channels-first row.
    let strip = max(16, Elements.blockCount / channels / 16 * 16)
    let strips = (pixels + strip - 1) / strip
    try context.forEach(batch * strips) { item, _ in
      let start = item % strips &* strip
      body(item / strips, start, min(strip, pixels &- start))
    }
  }
}
