import CSwiftAlexNet
import Kernels
import Tensors

// MARK: Convolution

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

extension Padding {
  fileprivate init(_ top: Int64, _ left: Int64, _ bottom: Int64, _ right: Int64, operation: String) throws {
    for side in [top, left, bottom, right] where !(0...Argument.maximumSize).contains(side) {
      throw EngineError.invalidValue(
        "\(operation): got padding \(side), expected 0 to \(Argument.maximumSize)")
    }
    self.init(top: Int(top), left: Int(left), bottom: Int(bottom), right: Int(right))
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

// MARK: Pooling

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

// MARK: Response normalisation

/// The checked form of `sax_response_norm`.
private struct NormCall {
  let batch: Int
  let shape: FeatureShape
  let parameters: ResponseNormalization
  var rows: Int { batch * shape.height * shape.width }
  var count: Int { rows * shape.channels }

  init(_ norm: sax_response_norm, operation: String) throws {
    let size = { (value: Int64, name: String) in try Argument.size(value, "\(operation): \(name)") }
    batch = try size(norm.batch, "batch")
    shape = FeatureShape(
      height: try size(norm.height, "height"), width: try size(norm.width, "width"),
      channels: try size(norm.channels, "channels"))
    _ = try Extent.product([batch, shape.height, shape.width, shape.channels], operation: operation)
    parameters = try ResponseNormalization(
      size: try size(norm.size, "size"), alpha: norm.alpha, beta: norm.beta, k: norm.k,
      alphaOverN: norm.alpha_over_n != 0, operation: operation)
  }
}

@c @implementation
public func sax_local_response_norm(
  _ norm: UnsafePointer<sax_response_norm>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let call = try NormCall(norm.pointee, operation: "local_response_norm")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: call.batch, shape: call.shape)
      try tensors.write(y, batch: call.batch, shape: call.shape) { output in
        try LocalResponseNormalization.forward(
          rows: call.rows, channels: call.shape.channels, groups: 1, parameters: call.parameters, input: input,
          output: output, scale: nil, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_local_response_norm_backward(
  _ norm: UnsafePointer<sax_response_norm>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let call = try NormCall(norm.pointee, operation: "local_response_norm_backward")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: call.batch, shape: call.shape)
      let gradient = try tensors.read(dy, batch: call.batch, shape: call.shape)
      let (output, scale) = (
        try tensors.floats(call.count), try tensors.floats(call.count)
      )
      try LocalResponseNormalization.forward(
        rows: call.rows, channels: call.shape.channels, groups: 1, parameters: call.parameters, input: input,
        output: output, scale: scale, context: tensors.context)
      try tensors.write(dx, batch: call.batch, shape: call.shape) { inputGradient in
        try LocalResponseNormalization.backward(
          rows: call.rows, channels: call.shape.channels, groups: 1, parameters: call.parameters, input: input,
          scale: scale, outputGradient: gradient, inputGradient: inputGradient, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_spatial_response_norm(
  _ norm: UnsafePointer<sax_response_norm>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let call = try NormCall(norm.pointee, operation: "spatial_response_norm")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: call.batch, shape: call.shape)
      try tensors.write(y, batch: call.batch, shape: call.shape) { output in
        try SpatialResponseNormalization.forward(
          batch: call.batch, height: call.shape.height, width: call.shape.width, channels: call.shape.channels,
          parameters: call.parameters, input: input, output: output, scale: nil, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_spatial_response_norm_backward(
  _ norm: UnsafePointer<sax_response_norm>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let call = try NormCall(norm.pointee, operation: "spatial_response_norm_backward")
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: call.batch, shape: call.shape)
      let gradient = try tensors.read(dy, batch: call.batch, shape: call.shape)
      let (output, scale) = (try tensors.floats(call.count), try tensors.floats(call.count))
      try SpatialResponseNormalization.forward(
        batch: call.batch, height: call.shape.height, width: call.shape.width, channels: call.shape.channels,
        parameters: call.parameters, input: input, output: output, scale: scale, context: tensors.context)
      try tensors.write(dx, batch: call.batch, shape: call.shape) { inputGradient in
        try SpatialResponseNormalization.backward(
          batch: call.batch, height: call.shape.height, width: call.shape.width, channels: call.shape.channels,
          parameters: call.parameters, input: input, scale: scale, outputGradient: gradient,
          inputGradient: inputGradient, context: tensors.context)
      }
    }
  }
}
