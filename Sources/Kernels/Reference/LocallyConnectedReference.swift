// `LocallyConnected` from its formula: a convolution's products, each with a weight of its output position.

extension Reference {
  /// y[b, i, j, n] = bias[i, j, n] + Σ_{p, q, c} x[b, i·s + p - top, j·s + q - left, c] · w[i, j, p, q, c, n],
  /// rectified on request.
  @inlinable
  public static func locallyConnectedForward<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, input: UnsafePointer<T>, weights: UnsafePointer<T>, bias: UnsafePointer<T>?,
    relu: Bool, output: UnsafeMutablePointer<T>
  ) {
    let imageFloats = shape.outputHeight * shape.outputWidth * shape.outputChannels
    for i in 0..<(shape.batch * imageFloats) { output[i] = bias.map { $0[i % imageFloats] } ?? 0 }
    forEachLocalProduct(shape) { x, w, y, count in
      for n in 0..<count { output[y + n] += input[x] * weights[w + n] }
    }
    guard relu else { return }
    for i in 0..<(shape.batch * imageFloats) where output[i] < 0 { output[i] = 0 }
  }

  /// dx[b, h, w, c] = Σ dy[b, i, j, n] · w[i, j, p, q, c, n] over the windows that read x[b, h, w, c].
  @inlinable
  public static func locallyConnectedBackwardData<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<T>, weights: UnsafePointer<T>,
    inputGradient: UnsafeMutablePointer<T>
  ) {
    let count = shape.batch * shape.inputHeight * shape.inputWidth * shape.inputChannels
    for i in 0..<count { inputGradient[i] = 0 }
    forEachLocalProduct(shape) { x, w, y, count in
      var sum: T = 0
      for n in 0..<count { sum += outputGradient[y + n] * weights[w + n] }
      inputGradient[x] += sum
    }
  }

  /// dw[i, j, p, q, c, n] += Σ_b x[b, i·s + p - top, j·s + q - left, c] · dy[b, i, j, n]; db[i, j, n] += Σ_b dy[b, i, j, n].
  @inlinable
  public static func locallyConnectedBackwardFilter<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
    weightGradient: UnsafeMutablePointer<T>, biasGradient: UnsafeMutablePointer<T>?
  ) {
    forEachLocalProduct(shape) { x, w, y, count in
      for n in 0..<count { weightGradient[w + n] += input[x] * outputGradient[y + n] }
    }
    guard let biasGradient else { return }
    let imageFloats = shape.outputHeight * shape.outputWidth * shape.outputChannels
    for i in 0..<(shape.batch * imageFloats) { biasGradient[i % imageFloats] += outputGradient[i] }
  }

  /// `forEachProduct` with the weights of the output's position.
  @inlinable @inline(__always)
  static func forEachLocalProduct(
    _ shape: ConvolutionShape, _ body: (_ x: Int, _ w: Int, _ y: Int, _ count: Int) -> Void
  ) {
    let positions = shape.outputHeight * shape.outputWidth
    let filterFloats = shape.kernelHeight * shape.kernelWidth * shape.inputChannels * shape.outputChannels
    forEachProduct(shape) { x, w, y, count in
      body(x, y / shape.outputChannels % positions * filterFloats + w, y, count)
    }
  }
}
