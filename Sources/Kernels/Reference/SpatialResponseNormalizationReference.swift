extension Reference {
  /// y = x / s^β, s = k + α′ Σ x² over the window of the same channel; `scale` receives s.
  public static func spatialNormalizationForward<T: ReferenceScalar>(
    batch: Int, height: Int, width: Int, channels: Int, parameters: ResponseNormalization, input: UnsafePointer<T>,
    output: UnsafeMutablePointer<T>, scale: UnsafeMutablePointer<T>
  ) {
    let alpha = spatialAlpha(parameters, as: T.self)
    forEachElement(batch, height, width, channels) { at, place in
      var squares: T = 0
      forEachInWindow(place, height, width, channels, parameters) { squares += input[$0] * input[$0] }
      scale[at] = T(parameters.k) + alpha * squares
      output[at] = input[at] * T.power(scale[at], -T(parameters.beta))
    }
  }

  /// ∂L/∂x from the definition: output j depends on x_j directly, and through s_j on every x in its window.
  public static func spatialNormalizationBackward<T: ReferenceScalar>(
    batch: Int, height: Int, width: Int, channels: Int, parameters: ResponseNormalization, input: UnsafePointer<T>,
    scale: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    let (alpha, beta) = (spatialAlpha(parameters, as: T.self), T(parameters.beta))
    forEachElement(batch, height, width, channels) { at, _ in
      inputGradient[at] = outputGradient[at] * T.power(scale[at], -beta)
    }
    forEachElement(batch, height, width, channels) { at, place in
      let ratio = outputGradient[at] * input[at] * T.power(scale[at], -beta - 1)
      forEachInWindow(place, height, width, channels, parameters) {
        inputGradient[$0] -= 2 * alpha * beta * input[$0] * ratio
      }
    }
  }

  private typealias Place = (image: Int, row: Int, column: Int, channel: Int)

  private static func spatialAlpha<T: ReferenceScalar>(_ p: ResponseNormalization, as: T.Type) -> T {
    p.alphaOverN ? T(p.alpha) / (T(p.size) * T(p.size)) : T(p.alpha)
  }

  private static func forEachElement(
    _ batch: Int, _ height: Int, _ width: Int, _ channels: Int, _ body: (_ at: Int, Place) -> Void
  ) {
    for at in 0..<(batch * height * width * channels) {
      let pixel = at / channels
      body(at, (pixel / width / height, pixel / width % height, pixel % width, at % channels))
    }
  }

  private static func forEachInWindow(
    _ place: Place, _ height: Int, _ width: Int, _ channels: Int, _ p: ResponseNormalization, _ body: (Int) -> Void
  ) {
    let (before, after) = (p.size / 2, (p.size - 1) / 2)
    for row in max(0, place.row - before)...min(height - 1, place.row + after) {
      for column in max(0, place.column - before)...min(width - 1, place.column + after) {
        body(((place.image * height + row) * width + column) * channels + place.channel)
      }
    }
  }
}
