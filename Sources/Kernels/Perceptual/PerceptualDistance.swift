import KernelTemplates

/// The distance of two feature maps (Zhang et al. 2018, section 3), NHWC: at each pixel d = Σ w_c (u_c − v_c)² over the
/// channels, where u = a / (|a| + 1e-10) and v likewise of b. Equal maps have distance 0 exactly.
public enum PerceptualDistance {
  /// Writes d of every pixel: [pixels], or batch · height · width.
  public static func map(
    pixels: Int, channels: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    map: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.perceptualDistances
    try forEachBlock(pixels, channels, context) { first, count in
      kernel(count, channels, a + first &* channels, b + first &* channels, weights, map + first)
    }
  }

  /// Writes the mean of each image's `pixels` numbers, summed in float64.
  public static func means(
    batch: Int, pixels: Int, map: UnsafePointer<Float>, means: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try context.forEach(batch) { image, _ in
      var sum = 0.0
      for pixel in (image &* pixels)..<((image &+ 1) &* pixels) { sum += Double(map[pixel]) }
      means[image] = Float(sum / Double(pixels))
    }
  }

  /// Writes ∂(Σ g d)/∂a, where g is one number a pixel; 0 where all channels of `a` are 0.
  /// - Parameter inputGradient: overlaps neither `a` nor `b`.
  public static func backward(
    pixels: Int, channels: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    mapGradient: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.perceptualGradients
    try forEachBlock(pixels, channels, context) { first, count in
      let at = first &* channels
      kernel(count, channels, a + at, b + at, weights, mapGradient + first, inputGradient + at)
    }
  }

  /// Writes √w_c u_c, whose squared Euclidean distances are sums of d over the pixels.
  public static func embedding(
    pixels: Int, channels: Int, a: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    let kernel = context.kernels.pointwise.perceptualEmbedding
    let factors = try context.shared(bytes: channels * MemoryLayout<Float>.stride)
      .assumingMemoryBound(to: Float.self)
    for channel in 0..<channels { factors[channel] = weights[channel].squareRoot() }
    try forEachBlock(pixels, channels, context) { first, count in
      let at = first &* channels
      kernel(count, channels, a + at, factors, output + at)
    }
  }

  private static func forEachBlock(
    _ pixels: Int, _ channels: Int, _ context: ComputeContext, _ body: (_ first: Int, _ count: Int) -> Void
  ) throws {
    let most = max(1, Elements.blockCount / channels)
    try context.forEach((pixels + most - 1) / most) { item, _ in
      let first = item &* most
      body(first, min(most, pixels &- first))
    }
  }
}
