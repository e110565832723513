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
}
