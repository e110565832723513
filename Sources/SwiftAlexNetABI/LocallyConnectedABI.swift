import CSwiftAlexNet
import Kernels

/// Names this operator in errors, unlike `sax_conv2d_shape`'s own.
private func checked(_ shape: UnsafePointer<sax_conv2d_shape>) throws -> ConvolutionShape {
  try ConvolutionShape(shape.pointee, operation: "locally_connected2d")
}

@c @implementation
public func sax_locally_connected2d_output_size(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ height: UnsafeMutablePointer<Int64>, _ width: UnsafeMutablePointer<Int64>
) -> Int32 {
  status {
    let shape = try checked(shape)
    (height.pointee, width.pointee) = (Int64(shape.outputHeight), Int64(shape.outputWidth))
  }
}

@c @implementation
public func sax_locally_connected2d(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
  _ b: UnsafePointer<Float>?, _ relu: Int32, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let shape = try checked(shape)
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      let weights = try tensors.readWeights(w, shape, places: shape.places)
      try tensors.write(y, batch: shape.batch, shape: shape.outputShape) { output in
        try LocallyConnected.forward(
          shape, input: input, weights: weights, bias: b, relu: relu != 0, output: output, context: tensors.context)
      }
    }
  }
}

@c @implementation
public func sax_locally_connected2d_backward(
  _ shape: UnsafePointer<sax_conv2d_shape>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ w: UnsafePointer<Float>, _ layout: Int32, _ dx: UnsafeMutablePointer<Float>?, _ dw: UnsafeMutablePointer<Float>?,
  _ db: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let shape = try checked(shape)
    try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
      let gradient = try tensors.read(dy, batch: shape.batch, shape: shape.outputShape)
      if let dx {
        let weights = try tensors.readWeights(w, shape, places: shape.places)
        try tensors.write(dx, batch: shape.batch, shape: shape.inputShape) { inputGradient in
          try LocallyConnected.backwardData(
            shape, outputGradient: gradient, weights: weights, inputGradient: inputGradient, context: tensors.context)
        }
      }
      guard dw != nil || db != nil else { return }
      let input = try tensors.read(x, batch: shape.batch, shape: shape.inputShape)
      let writeGradients = { (weightGradient: UnsafeMutablePointer<Float>) in
        try LocallyConnected.backwardFilter(
          shape, input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: db,
          accumulate: false, context: tensors.context)
      }
      if let dw {
        try tensors.writeWeights(dw, shape, places: shape.places, writeGradients)
      } else {
        try writeGradients(tensors.floats(try shape.weightCount(shape.places)))
      }
    }
  }
}

extension ConvolutionShape {
  /// Output positions, each with its own weights.
  fileprivate var places: Int { outputHeight * outputWidth }
}
