// `Dense` from its formula, sums in loop order, accumulated in T.

extension Reference {
  /// y[m][n] = bias[n] + Σ_k x[m][k] · w[k][n], rectified on request.
  @inlinable
  public static func denseForward<T: BinaryFloatingPoint>(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<T>, weights: UnsafePointer<T>,
    bias: UnsafePointer<T>?, relu: Bool, output: UnsafeMutablePointer<T>
  ) {
    for m in 0..<batch {
      let y = output + m * outputs
      for n in 0..<outputs { y[n] = bias.map { $0[n] } ?? 0 }
      for k in 0..<inputs {
        for n in 0..<outputs { y[n] += input[m * inputs + k] * weights[k * outputs + n] }
      }
      if relu { for n in 0..<outputs where y[n] < 0 { y[n] = 0 } }
    }
  }

  /// dx[m][k] = Σ_n dy[m][n] · w[k][n].
  @inlinable
  public static func denseBackwardData<T: BinaryFloatingPoint>(
    batch: Int, inputs: Int, outputs: Int, outputGradient: UnsafePointer<T>, weights: UnsafePointer<T>,
    inputGradient: UnsafeMutablePointer<T>
  ) {
    for m in 0..<batch {
      for k in 0..<inputs {
        var sum: T = 0
        for n in 0..<outputs { sum += outputGradient[m * outputs + n] * weights[k * outputs + n] }
        inputGradient[m * inputs + k] = sum
      }
    }
  }

  /// dw[k][n] += Σ_m x[m][k] · dy[m][n]; db[n] += Σ_m dy[m][n].
  @inlinable
  public static func denseBackwardFilter<T: BinaryFloatingPoint>(
    batch: Int, inputs: Int, outputs: Int, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
    weightGradient: UnsafeMutablePointer<T>, biasGradient: UnsafeMutablePointer<T>?
  ) {
    for m in 0..<batch {
      for k in 0..<inputs {
        for n in 0..<outputs {
          weightGradient[k * outputs + n] += input[m * inputs + k] * outputGradient[m * outputs + n]
        }
      }
      if let biasGradient { for n in 0..<outputs { biasGradient[n] += outputGradient[m * outputs + n] } }
    }
  }
}
