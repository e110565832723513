extension Reference {
  /// One update of `count` weights, by the rules of ``SGDUpdate/Rule``.
  public static func sgdUpdate<T: ReferenceScalar>(
    count: Int, rule: SGDUpdate.Rule, learningRate: T, momentum: T, weightDecay: T, trust: T = 0,
    weights: UnsafeMutablePointer<T>, velocity: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>
  ) {
    let learningRate =
      rule == .lars && trust > 0
      ? learningRate * layerwiseRate(count: count, trust: trust, weightDecay: weightDecay, weights, gradient)
      : learningRate
    for i in 0..<count {
      switch rule {
      case .paper:
        velocity[i] =
          momentum * velocity[i] - weightDecay * learningRate * weights[i] - learningRate * gradient[i]
        weights[i] += velocity[i]
      case .pytorch:
        velocity[i] = momentum * velocity[i] + (gradient[i] + weightDecay * weights[i])
        weights[i] -= learningRate * velocity[i]
      case .caffe, .lars:
        velocity[i] = momentum * velocity[i] + learningRate * (gradient[i] + weightDecay * weights[i])
        weights[i] -= velocity[i]
      }
    }
  }

  /// λ of ``LayerwiseRate``.
  public static func layerwiseRate<T: ReferenceScalar>(
    count: Int, trust: T, weightDecay: T, _ weights: UnsafePointer<T>, _ gradient: UnsafePointer<T>
  ) -> T {
    func norm(_ values: UnsafePointer<T>) -> T {
      (0..<count).reduce(T.zero) { $0 + values[$1] * values[$1] }.squareRoot()
    }
    let (w, g) = (norm(weights), norm(gradient))
    return w == 0 || g == 0 ? 1 : trust * w / (g + weightDecay * w)
  }
}
