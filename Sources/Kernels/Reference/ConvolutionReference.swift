// `Convolution` from its formula: seven loops, sums in loop order, accumulated in T. Inlinable, so that it is
// specialised for the caller's T.

extension Reference {
  /// y[b, i, j, n] = bias[n] + Σ_{p, q, c} x[b, i·s + p - top, j·s + q - left, c] · w[p, q, c, n], rectified on
  /// request.
  @inlinable
  public static func convolutionForward<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, input: UnsafePointer<T>, weights: UnsafePointer<T>, bias: UnsafePointer<T>?,
    relu: Bool, output: UnsafeMutablePointer<T>
  ) {
    let pixels = shape.batch * shape.outputHeight * shape.outputWidth
    for pixel in 0..<pixels {
      for n in 0..<shape.outputChannels {
        output[pixel * shape.outputChannels + n] = bias.map { $0[n] } ?? 0
      }
    }
    forEachProduct(shape) { x, w, y, count in
      for n in 0..<count { output[y + n] += input[x] * weights[w + n] }
    }
    guard relu else { return }
    for i in 0..<(pixels * shape.outputChannels) where output[i] < 0 { output[i] = 0 }
  }

  /// dx[b, h, w, c] = Σ dy[b, i, j, n] · w[p, q, c, n] over the windows that read x[b, h, w, c].
  @inlinable
  public static func convolutionBackwardData<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, outputGradient: UnsafePointer<T>, weights: UnsafePointer<T>,
    inputGradient: UnsafeMutablePointer<T>
  ) {
    let count = shape.batch * shape.inputHeight * shape.inputWidth * shape.inputChannels
    for i in 0..<count { inputGradient[i] = 0 }
    forEachProduct(shape) { x, w, y, count in
      var sum: T = 0
      for n in 0..<count { sum += outputGradient[y + n] * weights[w + n] }
      inputGradient[x] += sum
    }
  }

  /// dw[p, q, c, n] += Σ_{b, i, j} x[b, i·s + p - top, j·s + q - left, c] · dy[b, i, j, n]; db[n] += Σ dy[b, i, j, n].
  @inlinable
  public static func convolutionBackwardFilter<T: BinaryFloatingPoint>(
    _ shape: ConvolutionShape, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
    weightGradient: UnsafeMutablePointer<T>, biasGradient: UnsafeMutablePointer<T>?
  ) {
    forEachProduct(shape) { x, w, y, count in
      for n in 0..<count { weightGradient[w + n] += input[x] * outputGradient[y + n] }
    }
    guard let biasGradient else { return }
    for pixel in 0..<(shape.batch * shape.outputHeight * shape.outputWidth) {
      for n in 0..<shape.outputChannels { biasGradient[n] += outputGradient[pixel * shape.outputChannels + n] }
    }
  }

  /// Every product in a convolution: the input element x meets, for n in 0 ..< count, the weight w + n and the output
  /// element y + n.
  @inlinable @inline(__always)
  static func forEachProduct(
    _ shape: ConvolutionShape, _ body: (_ x: Int, _ w: Int, _ y: Int, _ count: Int) -> Void
  ) {
    let groupInputs = shape.inputChannels / shape.groups
    let groupOutputs = shape.outputChannels / shape.groups
    for b in 0..<shape.batch {
      for i in 0..<shape.outputHeight {
        for j in 0..<shape.outputWidth {
          let y = ((b * shape.outputHeight + i) * shape.outputWidth + j) * shape.outputChannels
          for p in 0..<shape.kernelHeight {
            for q in 0..<shape.kernelWidth {
              let row = i * shape.strideHeight + p - shape.padding.top
              let column = j * shape.strideWidth + q - shape.padding.left
              guard 0 <= row, row < shape.inputHeight, 0 <= column, column < shape.inputWidth else { continue }
              let x = ((b * shape.inputHeight + row) * shape.inputWidth + column) * shape.inputChannels
              let w = (p * shape.kernelWidth + q) * groupInputs * shape.outputChannels
              for g in 0..<shape.groups {
                for c in 0..<groupInputs {
                  body(
                    x + g * groupInputs + c, w + c * shape.outputChannels + g * groupOutputs, y + g * groupOutputs,
                    groupOutputs)
                }
              }
            }
          }
        }
      }
    }
  }
}
