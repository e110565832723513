extension Reference {
  /// b_i = a_i / s_i^β, s_i = k + α′ Σ a_j²; `scale` receives s.
  public static func responseNormalizationForward<T: ReferenceScalar>(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<T>,
    output: UnsafeMutablePointer<T>, scale: UnsafeMutablePointer<T>
  ) {
    let (alpha, beta, k) = (alpha(parameters, as: T.self), T(parameters.beta), T(parameters.k))
    for row in 0..<rows {
      for i in 0..<channels {
        var squares: T = 0
        for j in window(i, channels, groups, parameters) {
          let a = input[row * channels + j]
          squares += a * a
        }
        let at = row * channels + i
        scale[at] = k + alpha * squares
        output[at] = input[at] * T.power(scale[at], -beta)
      }
    }
  }

  /// ∂L/∂a_i from the definition: output j depends on a_i directly when j = i, and through s_j when i is in j's
  /// window.
  public static func responseNormalizationBackward<T: ReferenceScalar>(
    rows: Int, channels: Int, groups: Int, parameters: ResponseNormalization, input: UnsafePointer<T>,
    scale: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    let (alpha, beta) = (alpha(parameters, as: T.self), T(parameters.beta))
    for row in 0..<rows {
      let at = row * channels
      for i in 0..<channels {
        inputGradient[at + i] = outputGradient[at + i] * T.power(scale[at + i], -beta)
      }
      for j in 0..<channels {
        let b = input[at + j] * T.power(scale[at + j], -beta)
        let ratio = outputGradient[at + j] * b / scale[at + j]
        for i in window(j, channels, groups, parameters) {
          inputGradient[at + i] -= 2 * alpha * beta * input[at + i] * ratio
        }
      }
    }
  }

  private static func alpha<T: ReferenceScalar>(_ p: ResponseNormalization, as: T.Type) -> T {
    p.alphaOverN ? T(p.alpha) / T(p.size) : T(p.alpha)
  }

  private static func window(
    _ i: Int, _ channels: Int, _ groups: Int, _ p: ResponseNormalization
  ) -> ClosedRange<Int> {
    let length = channels / groups
    let first = i / length * length
    return max(first, i - p.size / 2)...min(first + length - 1, i + (p.size - 1) / 2)
  }
}
