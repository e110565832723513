import Tensors

extension SoftmaxCrossEntropy {
  /// dz_c = p_c (dp_c − Σ_j dp_j p_j), the derivative of ``softmax(rows:classes:logits:probabilities:context:)``; the sum
  /// is formed in double precision. `logitsGradient` may be `probabilitiesGradient`.
  public static func softmaxBackward(
    rows: Int, classes: Int, probabilities: UnsafePointer<Float>, probabilitiesGradient: UnsafePointer<Float>,
    logitsGradient: UnsafeMutablePointer<Float>, context: ComputeContext
  ) throws {
    try forEachRow(rows, classes, scratchBytes: 0, context) { row, _ in
      let (p, slope) = (probabilities + row &* classes, probabilitiesGradient + row &* classes)
      let target = logitsGradient + row &* classes
      var mean = 0.0
      for c in 0..<classes { mean += Double(slope[c]) * Double(p[c]) }
      for c in 0..<classes { target[c] = Float(Double(p[c]) * (Double(slope[c]) - mean)) }
    }
  }
}
