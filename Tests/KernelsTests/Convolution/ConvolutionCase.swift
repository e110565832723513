import Kernels

/// A convolution's shape as a line of a test table.
struct ConvolutionCase {
  let name: String
  let shape: ConvolutionShape

  init(
    _ name: String, batch: Int = 1, size: (Int, Int), channels: (Int, Int), kernel: (Int, Int),
    stride: (Int, Int) = (1, 1), padding: Padding = Padding(0), groups: Int = 1
  ) throws {
    self.name = name
    shape = try ConvolutionShape(
      batch: batch, inputHeight: size.0, inputWidth: size.1, inputChannels: channels.0, outputChannels: channels.1,
      kernelHeight: kernel.0, kernelWidth: kernel.1, strideHeight: stride.0, strideWidth: stride.1, padding: padding,
      groups: groups)
  }

  var inputCount: Int { shape.batch * shape.inputHeight * shape.inputWidth * shape.inputChannels }
  var outputCount: Int { shape.batch * shape.outputHeight * shape.outputWidth * shape.outputChannels }
  var weightCount: Int {
    shape.kernelHeight * shape.kernelWidth * (shape.inputChannels / shape.groups) * shape.outputChannels
  }

  /// The convolutions of the paper's network and of the one of "one weird trick".
  static func alexNet() throws -> [ConvolutionCase] {
    let border = Padding(top: 0, left: 0, bottom: 3, right: 3)
    return try [
      .init("paper conv1", size: (224, 224), channels: (3, 96), kernel: (11, 11), stride: (4, 4), padding: border),
      .init("paper conv2", size: (27, 27), channels: (96, 256), kernel: (5, 5), padding: Padding(2), groups: 2),
      .init("paper conv3", size: (13, 13), channels: (256, 384), kernel: (3, 3), padding: Padding(1)),
      .init(
        "paper conv4", batch: 2, size: (13, 13), channels: (384, 384), kernel: (3, 3), padding: Padding(1), groups: 2),
      .init(
        "paper conv5", batch: 2, size: (13, 13), channels: (384, 256), kernel: (3, 3), padding: Padding(1), groups: 2),
      .init("owt conv1", size: (224, 224), channels: (3, 64), kernel: (11, 11), stride: (4, 4), padding: Padding(2)),
      .init("owt conv2", size: (27, 27), channels: (64, 192), kernel: (5, 5), padding: Padding(2)),
      .init("owt conv3", size: (13, 13), channels: (192, 384), kernel: (3, 3), padding: Padding(1)),
      .init("owt conv4", size: (13, 13), channels: (384, 256), kernel: (3, 3), padding: Padding(1)),
      .init("owt conv5", batch: 2, size: (13, 13), channels: (256, 256), kernel: (3, 3), padding: Padding(1)),
    ]
  }

  /// Odd sizes: every kind of loop remainder.
  static func odd() throws -> [ConvolutionCase] {
    let uneven = Padding(top: 1, left: 3, bottom: 2, right: 0)
    var cases: [ConvolutionCase] = try [
      .init("one pixel", size: (1, 1), channels: (1, 1), kernel: (1, 1)),
      .init("1 × 1 kernel", batch: 3, size: (5, 7), channels: (17, 33), kernel: (1, 1)),
      .init("1 × 1 kernel, many channels", size: (3, 3), channels: (700, 40), kernel: (1, 1)),
      .init("1 × 1 kernel, stride 3", batch: 2, size: (10, 11), channels: (5, 6), kernel: (1, 1), stride: (3, 3)),
      .init("uneven padding", batch: 2, size: (9, 12), channels: (5, 7), kernel: (4, 3), padding: uneven),
      .init(
        "uneven padding, groups", batch: 2, size: (9, 12), channels: (6, 9), kernel: (4, 3), padding: uneven, groups: 3),
      .init("wide padding", size: (4, 5), channels: (18, 34), kernel: (3, 3), padding: Padding(5)),
      .init(
        "wide padding, few channels", size: (4, 5), channels: (2, 3), kernel: (2, 2), stride: (2, 2),
        padding: Padding(4)),
      .init(
        "kernel of the padded image", batch: 2, size: (3, 4), channels: (20, 10), kernel: (5, 6), padding: Padding(1)),
      .init("depthwise", size: (8, 9), channels: (24, 24), kernel: (3, 3), padding: Padding(1), groups: 24),
      .init("groups, no padding", size: (8, 9), channels: (40, 66), kernel: (3, 2), groups: 2),
      .init(
        "groups, stride", batch: 2, size: (13, 11), channels: (32, 96), kernel: (5, 3), stride: (3, 2), padding: uneven,
        groups: 2),
      .init("unread rows and columns", size: (12, 13), channels: (19, 35), kernel: (3, 3), stride: (4, 5)),
      .init(
        "stride beyond the kernel", size: (9, 9), channels: (3, 5), kernel: (2, 1), stride: (4, 3), padding: Padding(1)),
      .init("copies and rounds", batch: 3, size: (40, 40), channels: (96, 24), kernel: (3, 3), padding: Padding(1)),
      .init("rounds", batch: 4, size: (30, 30), channels: (256, 256), kernel: (1, 1), groups: 16),
      .init("digits", batch: 4, size: (8, 8), channels: (1, 16), kernel: (3, 3), padding: Padding(1)),
      .init("strips", size: (70, 90), channels: (40, 36), kernel: (3, 5), padding: Padding(1)),
      .init(
        "sides of several columns", batch: 2, size: (19, 21), channels: (32, 40), kernel: (4, 7),
        padding: Padding(top: 2, left: 4, bottom: 1, right: 3)),
      .init(
        "sides, stride, groups", size: (31, 40), channels: (64, 70), kernel: (5, 5), stride: (2, 2),
        padding: Padding(3), groups: 2),
      .init("sides, long inner dimension", size: (16, 16), channels: (900, 33), kernel: (3, 3), padding: Padding(1)),
      .init("long inner dimension", size: (4, 4), channels: (1100, 33), kernel: (3, 3), padding: Padding(1)),
    ]
    for stride in 1...4 {
      for kernel in [1, 2, 3, 5] {
        cases.append(
          try .init(
            "kernel \(kernel), stride \(stride)", size: (11, 10), channels: (4, 6), kernel: (kernel, kernel),
            stride: (stride, stride), padding: Padding(1), groups: 2))
      }
    }
    // Output pixels 1 … 25 and output channels around one and two panels of every instruction set.
    for width in 1...25 {
      cases.append(try .init("width \(width)", size: (1, width), channels: (16, 3), kernel: (1, 1)))
    }
    for channels in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
      cases.append(
        try .init(
          "\(channels) channels", size: (4, 4), channels: (channels, channels), kernel: (3, 3), padding: Padding(1)))
    }
    return cases
  }
}

/// The three directions of a convolution on arrays.
enum ConvolutionRun {
  static func forward(
    _ c: ConvolutionCase, _ x: [Float], _ w: [Float], _ b: [Float]?, relu: Bool, _ context: ComputeContext
  ) throws -> [Float] {
    // Anything a kernel fails to write stays NaN.
    var y = [Float](repeating: .nan, count: c.outputCount)
    if let b {
      try Convolution.forward(c.shape, input: x, weights: w, bias: b, relu: relu, output: &y, context: context)
    } else {
      try Convolution.forward(c.shape, input: x, weights: w, bias: nil, relu: relu, output: &y, context: context)
    }
    return y
  }

  static func backwardData(
    _ c: ConvolutionCase, _ dy: [Float], _ w: [Float], _ context: ComputeContext
  ) throws -> [Float] {
    var dx = [Float](repeating: .nan, count: c.inputCount)
    try Convolution.backwardData(c.shape, outputGradient: dy, weights: w, inputGradient: &dx, context: context)
    return dx
  }

  /// The gradients of weights and bias, added to `start`.
  static func backwardFilter(
    _ c: ConvolutionCase, _ x: [Float], _ dy: [Float], start: Float, _ context: ComputeContext
  ) throws -> (weights: [Float], bias: [Float]) {
    var dw = [Float](repeating: start, count: c.weightCount)
    var db = [Float](repeating: start, count: c.shape.outputChannels)
    try Convolution.backwardFilter(
      c.shape, input: x, outputGradient: dy, weightGradient: &dw, biasGradient: &db, context: context)
    return (dw, db)
  }
}
