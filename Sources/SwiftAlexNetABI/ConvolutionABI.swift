import CSwiftAlexNet
import Kernels

extension ConvolutionShape {
  init(_ shape: sax_conv2d_shape, operation: String = "conv2d") throws {
    let size = { (value: Int64, name: String) in try Argument.size(value, "\(operation): \(name)") }
    try self.init(
      batch: try size(shape.batch, "batch"), inputHeight: try size(shape.height, "height"),
      inputWidth: try size(shape.width, "width"), inputChannels: try size(shape.channels, "channels"),
      outputChannels: try size(shape.output_channels, "output channels"),
      kernelHeight: try size(shape.kernel_height, "kernel height"),
      kernelWidth: try size(shape.kernel_width, "kernel width"),
      strideHeight: try size(shape.stride_height, "stride"), strideWidth: try size(shape.stride_width, "stride"),
      padding: try Padding(shape.pad_top, shape.pad_left, shape.pad_bottom, shape.pad_right, operation: operation),
      groups: try size(shape.groups, "groups"), operation: operation)
  }
}

@c @implementation
public func sax_conv2d_output_size(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ height: UnsafeMutablePointer<Int64>, _ width: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let shape = try ConvolutionShape(shape.pointee)
    (height.pointee, width.pointee) = (Int64(shape.outputHeight), Int64(shape.outputWidth))
  }
}

@c @implementation
public func sax_conv2d(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
  _ b: UnsafePointer<Float>?, _ relu: Int32, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let shape = try ConvolutionShape(shape.pointee)
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      let weights = try tensors.readWeights(w, shape)
      try tensors.write(y, batch: shape.batch, shape: shape.outputShape) { output in
        try Convolution.forward(
          shape, input: input, weights: weights, bias: b, relu: relu != 0, output: output, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_conv2d_backward(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ w: UnsafePointer<Float>, _ layout: Int32, _ dx: UnsafeMutablePointer<Float>?, _ dw: UnsafeMutablePointer<Float>?,
  _ db: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let shape = try ConvolutionShape(shape.pointee)
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let gradient = try tensors.read(dy, batch: shape.batch, shape: shape.outputShape)
      if let dx {
        let weights = try tensors.readWeights(w, shape)
        try tensors.write(dx, batch: shape.batch, shape: shape.inputShape) { inputGradient in
          try Convolution.backwardData(
            shape, outputGradient: gradient, weights: weights, inputGradient: inputGradient, context: tensors.context)
        }
      }
      guard dw != nil || db != nil else { return }
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      db?.update(repeating: 0, count: shape.outputChannels)
      let addGradients = { (weightGradient: UnsafeMutablePointer<Float>) in
        try Convolution.backwardFilter(
          shape, input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: db,
          context: tensors.context)
      }
      if let dw {
        try tensors.writeWeights(dw, shape, addGradients)
      } else {
        try addGradients(tensors.floats(shape.weightCount))
      }
    }
  }
}
