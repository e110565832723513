extension Reference {
  /// y = max(x, 0), NaN kept.
  public static func reluForward<T: ReferenceScalar>(
    count: Int, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { output[i] = input[i] > 0 || input[i].isNaN ? input[i] : 0 }
  }

  public static func reluBackward<T: ReferenceScalar>(
    count: Int, output: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { inputGradient[i] = output[i] > 0 || output[i].isNaN ? outputGradient[i] : 0 }
  }

  /// y = tanh x
  public static func tanhForward<T: ReferenceScalar>(
    count: Int, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { output[i] = T.hyperbolicTangent(input[i]) }
  }

  /// dx = dy (1 − y) (1 + y)
  public static func tanhBackward<T: ReferenceScalar>(
    count: Int, output: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { inputGradient[i] = outputGradient[i] * ((1 - output[i]) * (1 + output[i])) }
  }

  /// y = 1 / (1 + e^−x)
  public static func sigmoidForward<T: ReferenceScalar>(
    count: Int, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { output[i] = 1 / (1 + T.exponential(-input[i])) }
  }

  /// dx = dy y (1 − y)
  public static func sigmoidBackward<T: ReferenceScalar>(
    count: Int, output: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    for i in 0..<count { inputGradient[i] = outputGradient[i] * (output[i] * (1 - output[i])) }
  }
}
