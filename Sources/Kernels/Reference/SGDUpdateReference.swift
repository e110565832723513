extension Reference {
  /// One update of `count` weights, by the rules of ``SGDUpdate/Rule``.
  public static func sgdUpdate<T: ReferenceScalar>(
    count: Int, rule: SGDUpdate.Rule, learningRate: T, momentum: T, weightDecay: T,
    weights: UnsafeMutablePointer<T>, velocity: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>
  ) {
    for i in 0..<count {
      switch rule {
      case .paper:
        velocity[i] =
          momentum * velocity[i] - weightDecay * learningRate * weights[i] - learningRate * gradient[i]
        weights[i] += velocity[i]
      case .pytorch:
        velocity[i] = momentum * velocity[i] + (gradient[i] + weightDecay * weights[i])
        weights[i] -= learningRate * velocity[i]
      case .caffe:
        velocity[i] = momentum * velocity[i] + learningRate * (gradient[i] + weightDecay * weights[i])
        weights[i] -= velocity[i]
      }
    }
  }
}
