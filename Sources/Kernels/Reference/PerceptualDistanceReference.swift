extension Reference {
  /// d = Σ w (a / (|a| + 1e-10) − b / (|b| + 1e-10))² of each pixel's channels.
  public static func perceptualDistance<T: ReferenceScalar>(
    pixels: Int, channels: Int, a: UnsafePointer<T>, b: UnsafePointer<T>, weights: UnsafePointer<T>,
    map: UnsafeMutablePointer<T>
  ) {
    for pixel in 0..<pixels {
      let (u, v) = (unit(pixel, channels, a), unit(pixel, channels, b))
      map[pixel] = (0..<channels).reduce(0) { $0 + weights[$1] * (u[$1] - v[$1]) * (u[$1] - v[$1]) }
    }
  }

  /// From the definition: ∂u_c/∂a_j = δ_cj / (|a| + 1e-10) − a_c a_j / (|a| (|a| + 1e-10)²); 0 if all are 0.
  public static func perceptualDistanceBackward<T: ReferenceScalar>(
    pixels: Int, channels: Int, a: UnsafePointer<T>, b: UnsafePointer<T>, weights: UnsafePointer<T>,
    mapGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    for pixel in 0..<pixels {
      let (u, v) = (unit(pixel, channels, a), unit(pixel, channels, b))
      let x = a + pixel * channels
      let norm = norm(channels, x)
      for j in 0..<channels {
        var sum: T = 0
        for c in 0..<channels where norm != 0 {
          let slope = (c == j ? 1 : 0) / (norm + 1e-10) - x[c] * x[j] / (norm * (norm + 1e-10) * (norm + 1e-10))
          sum += 2 * weights[c] * (u[c] - v[c]) * slope
        }
        inputGradient[pixel * channels + j] = mapGradient[pixel] * sum
      }
    }
  }

  /// √w a / (|a| + 1e-10) of each pixel's channels.
  public static func perceptualEmbedding<T: ReferenceScalar>(
    pixels: Int, channels: Int, a: UnsafePointer<T>, weights: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for pixel in 0..<pixels {
      for (channel, value) in unit(pixel, channels, a).enumerated() {
        output[pixel * channels + channel] = weights[channel].squareRoot() * value
      }
    }
  }

  /// Σ (a − b)² of every pair of rows.
  public static func squaredDistances<T: ReferenceScalar>(
    rows: Int, columns: Int, length: Int, a: UnsafePointer<T>, b: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for row in 0..<rows {
      for column in 0..<columns {
        output[row * columns + column] = (0..<length).reduce(0) {
          let difference = a[row * length + $1] - b[column * length + $1]
          return $0 + difference * difference
        }
      }
    }
  }

  private static func norm<T: ReferenceScalar>(_ channels: Int, _ x: UnsafePointer<T>) -> T {
    (0..<channels).reduce(T(0)) { $0 + x[$1] * x[$1] }.squareRoot()
  }

  private static func unit<T: ReferenceScalar>(_ pixel: Int, _ channels: Int, _ x: UnsafePointer<T>) -> [T] {
    let x = x + pixel * channels
    let norm = norm(channels, x)
    return (0..<channels).map { x[$0] / (norm + 1e-10) }
  }
}
