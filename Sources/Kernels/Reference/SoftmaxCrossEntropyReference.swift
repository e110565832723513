extension Reference {
  /// p_c = e^(z_c − max z) / Σ e^(z_j − max z)
  public static func softmax<T: ReferenceScalar>(
    rows: Int, classes: Int, logits: UnsafePointer<T>, probabilities: UnsafeMutablePointer<T>
  ) {
    for row in 0..<rows {
      let (z, p) = (logits + row * classes, probabilities + row * classes)
      var maximum = z[0]
      for c in 0..<classes { maximum = T.maximum(maximum, z[c]) }
      var sum: T = 0
      for c in 0..<classes {
        p[c] = T.exponential(z[c] - maximum)
        sum += p[c]
      }
      for c in 0..<classes { p[c] /= sum }
    }
  }

  /// Losses −log p_label = log Σ e^(z_j − max z) − (z_label − max z), and the gradient of their mean,
  /// Σ w·loss / Σ w with `weights`.
  public static func softmaxCrossEntropy<T: ReferenceScalar>(
    rows: Int, classes: Int, logits: UnsafePointer<T>, labels: UnsafePointer<Int32>,
    weights: UnsafePointer<T>? = nil, logitsGradient: UnsafeMutablePointer<T>, losses: UnsafeMutablePointer<T>
  ) {
    softmax(rows: rows, classes: classes, logits: logits, probabilities: logitsGradient)
    var total: T = 0
    for row in 0..<rows { total += weights?[row] ?? 1 }
    for row in 0..<rows {
      let (z, p) = (logits + row * classes, logitsGradient + row * classes)
      let label = Int(labels[row])
      var maximum = z[0]
      for c in 0..<classes { maximum = T.maximum(maximum, z[c]) }
      var sum: T = 0
      for c in 0..<classes { sum += T.exponential(z[c] - maximum) }
      losses[row] = T.logarithm(sum) - (z[label] - maximum)
      let share = total > 0 ? (weights?[row] ?? 1) / total : 0
      for c in 0..<classes { p[c] = (p[c] - (c == label ? 1 : 0)) * share }
    }
  }
}
