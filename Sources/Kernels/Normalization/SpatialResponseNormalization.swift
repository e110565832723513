import KernelTemplates
import Tensors

extension ResponseNormalization {
  /// α′ if `size` is the side of a square window: α divided by the number of elements of a whole window, even at the
  /// borders, or α itself.
  public var spatialAlpha: Float { alphaOverN ? alpha / (Float(size) * Float(size)) : alpha }
}

/// Response normalisation within each map (cuda-convnet's `rnorm`): y = x / s^β, s = k + α′ Σ x² over `size` × `size`
/// pixels of the same channel that begin ⌊size/2⌋ before the pixel and are clipped at the borders. The authors' AlexNet
/// had one after the second response normalisation, their CIFAR-10 nets have two. NHWC; relative error at most 3·n·ε, n
/// = size².
public enum SpatialResponseNormalization {
  /// - Parameters:
  ///   - scale: receives s for backward, one per value; nil if no backward pass follows.
  ///   - output: must not overlap `input`.
  public static func forward(
    batch: Int, height: Int, width: Int, channels: Int, parameters: ResponseNormalization,
    input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>, scale: UnsafeMutablePointer<Float>?,
    context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.spatialNormalizationForward
    let (plane, rows) = (parameters.plane(width, channels), parameters.reach(height))
    let imageCount = height * plane.rowCount
    try context.forEach(batch * height, scratchBytes: plane.scratchBytes) { item, scratch in
      let (image, row) = (item / height &* imageCount, item % height)
      let first = max(0, row &- rows.before)
      let end = min(height, row &+ rows.after &+ 1)
      let at = item &* plane.rowCount
      kernel(
        plane, end &- first, input + (image &+ first &* plane.rowCount), input + at, output + at,
        scale.map { $0 + at }, scratch.assumingMemoryBound(to: Float.self))
    }
  }

  /// Writes ∂L/∂x_i = g_i s_i^−β − 2 α′ β x_i Σ g_j x_j s_j^(−β−1) over the windows j that hold i: the mirrored window.
  /// - Parameter inputGradient: may be `outputGradient`, not `input`.
  public static func backward(
    batch: Int, height: Int, width: Int, channels: Int, parameters: ResponseNormalization,
    input: UnsafePointer<Float>, scale: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let plane = parameters.plane(width, channels)
    let imageCount = height * plane.rowCount
    // A few images at a time: their ratios stay in the cache, and memory does not grow with the batch.
    let images = Partition(batch, atMost: max(1, ratioCount / imageCount))
    let ratios = try context.shared(bytes: images.largest * imageCount * MemoryLayout<Float>.stride)
      .assumingMemoryBound(to: Float.self)
    for part in 0..<images.parts {
      let range = images.range(part)
      let at = range.lowerBound * imageCount
      try backward(
        images: range.count, height: height, plane: plane, reach: parameters.reach(height), input: input + at,
        scale: scale + at, outputGradient: outputGradient + at, inputGradient: inputGradient + at, ratios: ratios,
        context: context)
    }
  }

  /// 2 MiB of floats.
  private static let ratioCount = 1 << 19

  private static func backward(
    images: Int, height: Int, plane: ResponsePlane, reach: (before: Int, after: Int), input: UnsafePointer<Float>,
    scale: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
    ratios: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let ratio = context.kernels.pointwise.spatialNormalizationRatios
    let imageCount = height * plane.rowCount
    try Elements.forEachBlock(images * imageCount, context: context) { at, count in
      ratio(plane, count, input + at, scale + at, outputGradient + at, inputGradient + at, ratios + at)
    }
    let kernel = context.kernels.pointwise.spatialNormalizationBackward
    try context.forEach(images * height, scratchBytes: plane.scratchBytes) { item, scratch in
      let (image, row) = (item / height &* imageCount, item % height)
      let first = max(0, row &- reach.after)
      let end = min(height, row &+ reach.before &+ 1)
      let at = item &* plane.rowCount
      kernel(
        plane, end &- first, ratios + (image &+ first &* plane.rowCount), input + at, inputGradient + at,
        scratch.assumingMemoryBound(to: Float.self))
    }
  }
}

extension ResponseNormalization {
  /// Pixels of a window before and after its own; a window longer than the axis is clipped to it first, so that scratch
  /// memory depends on the image and not on the size.
  fileprivate func reach(_ length: Int) -> (before: Int, after: Int) {
    (min(size / 2, length - 1), min((size - 1) / 2, length - 1))
  }

  fileprivate func plane(_ width: Int, _ channels: Int) -> ResponsePlane {
    let (left, right) = reach(width)
    return ResponsePlane(
      width: width, channels: channels, left: left, right: right, k: k, alpha: spatialAlpha, beta: beta)
  }
}

extension ResponsePlane {
  fileprivate var scratchBytes: Int { scratchCount * MemoryLayout<Float>.stride }
}
