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

  /// dz_c = Σ_j dp_j p_j (1[j = c] − p_c)
  public static func softmaxBackward<T: ReferenceScalar>(
    rows: Int, classes: Int, probabilities: UnsafePointer<T>, probabilitiesGradient: UnsafePointer<T>,
    logitsGradient: UnsafeMutablePointer<T>
  ) {
    for row in 0..<rows {
      let (p, slope) = (probabilities + row * classes, probabilitiesGradient + row * classes)
      for c in 0..<classes {
        var sum: T = 0
        for j in 0..<classes { sum += slope[j] * p[j] * ((j == c ? 1 : 0) - p[c]) }
        logitsGradient[row * classes + c] = sum
      }
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
