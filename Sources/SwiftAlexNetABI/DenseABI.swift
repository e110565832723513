import CSwiftAlexNet
import Kernels
import Tensors

@c @implementation
public func sax_dense(
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>?, _ batch: Int64, _ inputs: Int64,
  _ outputs: Int64, _ relu: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "dense: batch")
    let (inputs, outputs) = (try Argument.size(inputs, "dense: inputs"), try Argument.size(outputs, "dense: outputs"))
    try OperatorTensors.with { tensors in
      let weights = try tensors.floats(try Extent.product([inputs, outputs], operation: "dense"))
      try tensors.transpose(w, rows: outputs, columns: inputs, into: weights)
      try Dense.forward(
        batch: batch, inputs: inputs, outputs: outputs, input: x, weights: weights, bias: b, relu: relu != 0, output: y,
        context: tensors.context)
    }
  }
}

@c @implementation
public func sax_dense_backward(
  _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ batch: Int64, _ inputs: Int64,
  _ outputs: Int64, _ dx: UnsafeMutablePointer<Float>?, _ dw: UnsafeMutablePointer<Float>?,
  _ db: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "dense_backward: batch")
    let (inputs, outputs) = (
      try Argument.size(inputs, "dense_backward: inputs"), try Argument.size(outputs, "dense_backward: outputs")
    )
    let count = try Extent.product([inputs, outputs], operation: "dense_backward")
    try OperatorTensors.with { tensors in
      if let dx {
        let weights = try tensors.floats(count)
        try tensors.transpose(w, rows: outputs, columns: inputs, into: weights)
        try Dense.backwardData(
          batch: batch, inputs: inputs, outputs: outputs, outputGradient: dy, weights: weights, inputGradient: dx,
          context: tensors.context)
      }
      guard dw != nil || db != nil else { return }
      let weightGradient = try tensors.floats(count)
      db?.update(repeating: 0, count: outputs)
      try Dense.backwardFilter(
        batch: batch, inputs: inputs, outputs: outputs, input: x, outputGradient: dy, weightGradient: weightGradient,
        biasGradient: db, context: tensors.context)
      if let dw { try tensors.transpose(weightGradient, rows: inputs, columns: outputs, into: dw) }
    }
  }
}

@c @implementation
public func sax_transpose(
  _ x: UnsafePointer<Float>, _ outputs: Int64, _ inputs: Int64, _ y: UnsafeMutablePointer<Float>, _ y_stride: Int64
) -> Int32 {
  status {
    let (outputs, inputs) = (
      try Argument.size(outputs, "transpose: outputs"), try Argument.size(inputs, "transpose: inputs")
    )
    let stride = try Argument.size(y_stride, "transpose: y_stride")
    guard stride >= outputs else {
      throw EngineError.invalidValue("transpose: got y_stride \(stride), expected at least \(outputs)")
    }
    _ = try Extent.product([inputs, stride], operation: "transpose")
    try Layout.transpose(
      rows: outputs, columns: inputs, input: x, output: y, outputStride: stride, context: try ComputeContext())
  }
}
