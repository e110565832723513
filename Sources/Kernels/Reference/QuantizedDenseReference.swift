// `Dense` with signed-byte weights, from its formulas.

extension Reference {
  /// scale[n] = max_k |w[k][n]| / 127 and q[k][n] = round(w[k][n] / scale[n]), halves to even; scale 1 if it would be
  /// below the smallest normal number.
  public static func quantizeDense(
    inputs: Int, outputs: Int, weights: UnsafePointer<Float>
  ) -> (scales: [Float], values: [Int8]) {
    var scales = [Float](repeating: 1, count: outputs)
    var values = [Int8](repeating: 0, count: inputs * outputs)
    for n in 0..<outputs {
      var largest: Float = 0
      for k in 0..<inputs { largest = max(largest, abs(weights[k * outputs + n])) }
      if largest / 127 >= .leastNormalMagnitude { scales[n] = largest / 127 }
      for k in 0..<inputs {
        let quotient = (weights[k * outputs + n] / scales[n]).rounded(.toNearestOrEven)
        values[k * outputs + n] = Int8(exactly: quotient) ?? 0
      }
    }
    return (scales, values)
  }

  /// y[m][n] = bias[n] + scale[n] · Σ_k x[m][k] · q[k][n], rectified on request.
  public static func quantizedDenseForward<T: BinaryFloatingPoint>(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<T>, scales: [Float], values: [Int8],
    bias: UnsafePointer<T>?, relu: Bool, output: UnsafeMutablePointer<T>
  ) {
    for m in 0..<batch {
      for n in 0..<outputs {
        var sum: T = 0
        for k in 0..<inputs { sum += input[m * inputs + k] * T(values[k * outputs + n]) }
        let y = T(scales[n]) * sum + (bias.map { $0[n] } ?? 0)
        output[m * outputs + n] = relu && y < 0 ? 0 : y
      }
    }
  }
}
