import CSwiftAlexNet
import Kernels

extension PoolingShape {
  fileprivate init(_ shape: sax_pool2d_shape, operation: String) throws {
    let size = { (value: Int64, name: String) in try Argument.size(value, "\(operation): \(name)") }
    try self.init(
      batch: try size(shape.batch, "batch"), inputHeight: try size(shape.height, "height"),
      inputWidth: try size(shape.width, "width"), channels: try size(shape.channels, "channels"),
      kernelHeight: try size(shape.kernel_height, "kernel height"),
      kernelWidth: try size(shape.kernel_width, "kernel width"),
      strideHeight: try size(shape.stride_height, "stride"), strideWidth: try size(shape.stride_width, "stride"),
      padding: try Padding(shape.pad_top, shape.pad_left, shape.pad_bottom, shape.pad_right, operation: operation),
      ceilMode: shape.ceil_mode != 0, operation: operation)
  }
}

@c @implementation
public func sax_pool2d_output_size(
  _ shape: UnsafePointer<sax_pool2d_shape>, _ height: UnsafeMutablePointer<Int64>, _ width: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let shape = try PoolingShape(shape.pointee, operation: "pool2d")
    (height.pointee, width.pointee) = (Int64(shape.outputHeight), Int64(shape.outputWidth))
  }
}

@c @implementation
public func sax_max_pool2d(
  _ shape: UnsafePointer<sax_pool2d_shape>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let shape = try PoolingShape(shape.pointee, operation: "max_pool2d")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      try tensors.write(y, batch: shape.batch, shape: shape.outputShape) { output in
        try MaxPooling.forward(shape, input: input, output: output, argument: nil, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_max_pool2d_backward(
  _ shape: UnsafePointer<sax_pool2d_shape>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let shape = try PoolingShape(shape.pointee, operation: "max_pool2d_backward")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let outputCount = shape.batch * shape.outputShape.count
      let argument = try tensors.bytes(outputCount)
      try MaxPooling.forward(
        shape, input: try tensors.read(x, batch: shape.batch, shape: shape.inputShape),
        output: try tensors.floats(outputCount), argument: argument, context: tensors.context)
      let gradient = try tensors.read(dy, batch: shape.batch, shape: shape.outputShape)
      try tensors.write(dx, batch: shape.batch, shape: shape.inputShape) { inputGradient in
        try MaxPooling.backward(
          shape, outputGradient: gradient, argument: argument, inputGradient: inputGradient,
          context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_avg_pool2d(
  _ shape: UnsafePointer<sax_pool2d_shape>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let countIncludePad = shape.pointee.count_include_pad != 0
    let shape = try PoolingShape(shape.pointee, operation: "avg_pool2d")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      try tensors.write(y, batch: shape.batch, shape: shape.outputShape) { output in
        try AveragePooling.forward(
          shape, countIncludePad: countIncludePad, input: input, output: output, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_avg_pool2d_backward(
  _ shape: UnsafePointer<sax_pool2d_shape>, _ dy: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let countIncludePad = shape.pointee.count_include_pad != 0
    let shape = try PoolingShape(shape.pointee, operation: "avg_pool2d_backward")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let gradient = try tensors.read(dy, batch: shape.batch, shape: shape.outputShape)
      try tensors.write(dx, batch: shape.batch, shape: shape.inputShape) { inputGradient in
        try AveragePooling.backward(
          shape, countIncludePad: countIncludePad, outputGradient: gradient, inputGradient: inputGradient,
          context: tensors.context)
      }
    }
  }
}
