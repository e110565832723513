import Tensors

/// Conversions between channels-first (NCHW, at the door for tensors) and channels-last (NHWC, inside).
public enum Layout {
  /// [batch, channels, height, width] → [batch, height, width, channels]. Not in place.
  public static func nchwToNHWC(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try channelsLast(
      batch, channels, height * width, input, output, context.kernels.pointwise.transpose, context: context)
  }

  /// [batch, height, width, channels] → [batch, channels, height, width]. Not in place.
  public static func nhwcToNCHW(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try channelsFirst(
      batch, channels, height * width, input, output, context.kernels.pointwise.transpose, context: context)
  }

  public static func nchwToNHWC(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<BFloat16>,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    try channelsLast(
      batch, channels, height * width, input, output, context.kernels.pointwise.transposeBFloat16, context: context)
  }

  public static func nhwcToNCHW(
    batch: Int, channels: Int, height: Int, width: Int, input: UnsafePointer<BFloat16>,
    output: UnsafeMutablePointer<BFloat16>, context: ComputeContext
  ) throws {
    try channelsFirst(
      batch, channels, height * width, input, output, context.kernels.pointwise.transposeBFloat16, context: context)
  }

  private typealias Transpose<Element> = (
    _ rows: Int, _ columns: Int, UnsafePointer<Element>, _ stride: Int, UnsafeMutablePointer<Element>, _ stride: Int
  ) -> Void

  private static func channelsLast<Element>(
    _ batch: Int, _ channels: Int, _ pixels: Int, _ input: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>, _ kernel: Transpose<Element>, context: ComputeContext
  ) throws {
    try forEachStrip(batch, channels, pixels, context: context) { image, start, count in
      let base = image &* channels &* pixels
      kernel(channels, count, input + (base &+ start), pixels, output + (base &+ start &* channels), channels)
    }
  }

  private static func channelsFirst<Element>(
    _ batch: Int, _ channels: Int, _ pixels: Int, _ input: UnsafePointer<Element>,
    _ output: UnsafeMutablePointer<Element>, _ kernel: Transpose<Element>, context: ComputeContext
  ) throws {
    try forEachStrip(batch, channels, pixels, context: context) { image, start, count in
      let base = image &* channels &* pixels
      kernel(count, channels, input + (base &+ start &* channels), channels, output + (base &+ start), pixels)
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
