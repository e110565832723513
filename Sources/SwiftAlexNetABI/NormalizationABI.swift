import CSwiftAlexNet
import Kernels
import Networks
import Tensors

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

private typealias Source = UnsafePointer<Float>
private typealias Target = UnsafeMutablePointer<Float>

/// One of the two normalisations: its passes on NHWC tensors.
private struct Normalization: Sendable {
  let forward: @Sendable (NormCall, Source, _ output: Target, _ scale: Target?, ComputeContext) throws -> Void
  let backward: @Sendable (NormCall, Source, _ scale: Source, _ dy: Source, _ dx: Target, ComputeContext) throws -> Void

  static let acrossChannels = Normalization(
    forward: { call, input, output, scale, context in
      try LocalResponseNormalization.forward(
        rows: call.rows, channels: call.shape.channels, groups: 1, parameters: call.parameters, input: input,
        output: output, scale: scale, context: context)
    },
    backward: { call, input, scale, gradient, inputGradient, context in
      try LocalResponseNormalization.backward(
        rows: call.rows, channels: call.shape.channels, groups: 1, parameters: call.parameters, input: input,
        scale: scale, outputGradient: gradient, inputGradient: inputGradient, context: context)
    })

  static let withinMaps = Normalization(
    forward: { call, input, output, scale, context in
      try SpatialResponseNormalization.forward(
        batch: call.batch, height: call.shape.height, width: call.shape.width, channels: call.shape.channels,
        parameters: call.parameters, input: input, output: output, scale: scale, context: context)
    },
    backward: { call, input, scale, gradient, inputGradient, context in
      try SpatialResponseNormalization.backward(
        batch: call.batch, height: call.shape.height, width: call.shape.width, channels: call.shape.channels,
        parameters: call.parameters, input: input, scale: scale, outputGradient: gradient,
        inputGradient: inputGradient, context: context)
    })

  func apply(
    _ norm: UnsafePointer<sax_response_norm>, _ x: Source, _ layout: Int32, _ y: Target, operation: String
  ) -> Int32 {
    status {
      let call = try NormCall(norm.pointee, operation: operation)
      try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
        let input = try tensors.read(x, batch: call.batch, shape: call.shape)
        try tensors.write(y, batch: call.batch, shape: call.shape) { output in
          try forward(call, input, output, nil, tensors.context)
        }
      }
    }
  }

  /// The gradient from the input alone: the forward pass is repeated for its scale.
  func applyBackward(
    _ norm: UnsafePointer<sax_response_norm>, _ dy: Source, _ x: Source, _ layout: Int32, _ dx: Target,
    operation: String
  ) -> Int32 {
    status {
      let call = try NormCall(norm.pointee, operation: operation)
      try OperatorTensors.with(layout: try Argument.layout(layout)) { tensors in
        let input = try tensors.read(x, batch: call.batch, shape: call.shape)
        let gradient = try tensors.read(dy, batch: call.batch, shape: call.shape)
        let (output, scale) = (try tensors.floats(call.count), try tensors.floats(call.count))
        try forward(call, input, output, scale, tensors.context)
        try tensors.write(dx, batch: call.batch, shape: call.shape) { inputGradient in
          try backward(call, input, scale, gradient, inputGradient, tensors.context)
        }
      }
    }
  }
}

@c @implementation
public func sax_local_response_norm(
  _ norm: UnsafePointer<sax_response_norm>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  Normalization.acrossChannels.apply(norm, x, layout, y, operation: "local_response_norm")
}

@c @implementation
public func sax_local_response_norm_backward(
  _ norm: UnsafePointer<sax_response_norm>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  Normalization.acrossChannels.applyBackward(norm, dy, x, layout, dx, operation: "local_response_norm_backward")
}

@c @implementation
public func sax_spatial_response_norm(
  _ norm: UnsafePointer<sax_response_norm>, _ x: UnsafePointer<Float>, _ layout: Int32, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  Normalization.withinMaps.apply(norm, x, layout, y, operation: "spatial_response_norm")
}

@c @implementation
public func sax_spatial_response_norm_backward(
  _ norm: UnsafePointer<sax_response_norm>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ layout: Int32,
  _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  Normalization.withinMaps.applyBackward(norm, dy, x, layout, dx, operation: "spatial_response_norm_backward")
}
