extension Reference {
  /// Maximum pooling of an NHWC tensor, window by window; `argument` as in ``MaxPooling``.
  public static func maxPoolingForward<T: ReferenceScalar>(
    _ s: PoolingShape, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>,
    argument: UnsafeMutablePointer<UInt8>?
  ) {
    forEachOutput(s) { image, oh, ow, channel, at in
      var best = -T.infinity
      var place: Int?
      forEachInput(s, oh, ow) { ih, iw, k in
        let value = input[index(s, image, ih, iw, channel)]
        if place == nil || value > best || value.isNaN {
          best = value
          place = k
        }
      }
      output[at] = best
      argument?[at] = UInt8(place ?? 0)
    }
  }

  public static func maxPoolingBackward<T: ReferenceScalar>(
    _ s: PoolingShape, outputGradient: UnsafePointer<T>, argument: UnsafePointer<UInt8>,
    inputGradient: UnsafeMutablePointer<T>
  ) {
    inputGradient.update(repeating: 0, count: s.inputCount)
    forEachOutput(s) { image, oh, ow, channel, at in
      forEachInput(s, oh, ow) { ih, iw, k in
        if k == Int(argument[at]) { inputGradient[index(s, image, ih, iw, channel)] += outputGradient[at] }
      }
    }
  }

  public static func averagePoolingForward<T: ReferenceScalar>(
    _ s: PoolingShape, countIncludePad: Bool, input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    forEachOutput(s) { image, oh, ow, channel, at in
      var sum: T = 0
      forEachInput(s, oh, ow) { ih, iw, _ in sum += input[index(s, image, ih, iw, channel)] }
      output[at] = sum / T(divisor(s, oh, ow, countIncludePad))
    }
  }

  public static func averagePoolingBackward<T: ReferenceScalar>(
    _ s: PoolingShape, countIncludePad: Bool, outputGradient: UnsafePointer<T>,
    inputGradient: UnsafeMutablePointer<T>
  ) {
    inputGradient.update(repeating: 0, count: s.inputCount)
    forEachOutput(s) { image, oh, ow, channel, at in
      let share = outputGradient[at] / T(divisor(s, oh, ow, countIncludePad))
      forEachInput(s, oh, ow) { ih, iw, _ in inputGradient[index(s, image, ih, iw, channel)] += share }
    }
  }

  /// Output (i, j) is the mean over rows ⌊i·H/outH⌋ ..< ⌈(i+1)·H/outH⌉ and likewise for columns.
  public static func adaptiveAveragePoolingForward<T: ReferenceScalar>(
    batch: Int, inputHeight: Int, inputWidth: Int, channels: Int, outputHeight: Int, outputWidth: Int,
    input: UnsafePointer<T>, output: UnsafeMutablePointer<T>
  ) {
    for image in 0..<batch {
      for i in 0..<outputHeight {
        for j in 0..<outputWidth {
          let rows = adaptiveWindow(i, inputHeight, outputHeight)
          let columns = adaptiveWindow(j, inputWidth, outputWidth)
          for channel in 0..<channels {
            var sum: T = 0
            for row in rows {
              for column in columns {
                sum += input[((image * inputHeight + row) * inputWidth + column) * channels + channel]
              }
            }
            output[((image * outputHeight + i) * outputWidth + j) * channels + channel] =
              sum / T(rows.count * columns.count)
          }
        }
      }
    }
  }

  public static func adaptiveAveragePoolingBackward<T: ReferenceScalar>(
    batch: Int, inputHeight: Int, inputWidth: Int, channels: Int, outputHeight: Int, outputWidth: Int,
    outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    inputGradient.update(repeating: 0, count: batch * inputHeight * inputWidth * channels)
    for image in 0..<batch {
      for i in 0..<outputHeight {
        for j in 0..<outputWidth {
          let rows = adaptiveWindow(i, inputHeight, outputHeight)
          let columns = adaptiveWindow(j, inputWidth, outputWidth)
          for channel in 0..<channels {
            let share =
              outputGradient[((image * outputHeight + i) * outputWidth + j) * channels + channel]
              / T(rows.count * columns.count)
            for row in rows {
              for column in columns {
                inputGradient[((image * inputHeight + row) * inputWidth + column) * channels + channel] += share
              }
            }
          }
        }
      }
    }
  }

  private static func adaptiveWindow(_ i: Int, _ inputs: Int, _ outputs: Int) -> Range<Int> {
    (i * inputs / outputs)..<(((i + 1) * inputs + outputs - 1) / outputs)
  }

  private static func index(_ s: PoolingShape, _ image: Int, _ ih: Int, _ iw: Int, _ channel: Int) -> Int {
    ((image * s.inputHeight + ih) * s.inputWidth + iw) * s.channels + channel
  }

  private static func forEachOutput(
    _ s: PoolingShape, _ body: (_ image: Int, _ oh: Int, _ ow: Int, _ channel: Int, _ at: Int) -> Void
  ) {
    var at = 0
    for image in 0..<s.batch {
      for oh in 0..<s.outputHeight {
        for ow in 0..<s.outputWidth {
          for channel in 0..<s.channels {
            body(image, oh, ow, channel, at)
            at += 1
          }
        }
      }
    }
  }

  /// The window's inputs inside the image, in row-major order, with their place in the window.
  private static func forEachInput(
    _ s: PoolingShape, _ oh: Int, _ ow: Int, _ body: (_ ih: Int, _ iw: Int, _ k: Int) -> Void
  ) {
    for kh in 0..<s.kernelHeight {
      for kw in 0..<s.kernelWidth {
        let ih = oh * s.strideHeight - s.padding.top + kh
        let iw = ow * s.strideWidth - s.padding.left + kw
        if ih >= 0 && ih < s.inputHeight && iw >= 0 && iw < s.inputWidth { body(ih, iw, kh * s.kernelWidth + kw) }
      }
    }
  }

  private static func divisor(_ s: PoolingShape, _ oh: Int, _ ow: Int, _ countIncludePad: Bool) -> Int {
    var count = 0
    for kh in 0..<s.kernelHeight {
      for kw in 0..<s.kernelWidth {
        let ih = oh * s.strideHeight - s.padding.top + kh
        let iw = ow * s.strideWidth - s.padding.left + kw
        let isInside = ih >= 0 && ih < s.inputHeight && iw >= 0 && iw < s.inputWidth
        let isPadded = ih < s.inputHeight + s.padding.bottom && iw < s.inputWidth + s.padding.right
        if isInside || (countIncludePad && isPadded) { count += 1 }
      }
    }
    return count
  }
}
