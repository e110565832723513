import Kernels
import Tensors

@testable import Networks

/// A network computed layer by layer in double precision with the reference kernels, to compare with the engine's
/// forward and backward passes.
struct ReferenceNetwork {
  let layers: [any Layer]
  let batch: Int

  struct Unknown: Error {
    let layer: any Layer
  }

  /// The input and then the output of every layer.
  func forward(_ x: [Double]) throws -> [[Double]] {
    try layers.reduce(into: [x]) { values, layer in values.append(try forward(layer, values[values.count - 1])) }
  }

  /// The gradient of the input, and of the parameters by name, for the gradient of the last layer's output.
  func backward(_ values: [[Double]], _ gradient: [Double]) throws -> (input: [Double], parameters: [String: [Double]])
  {
    var (gradient, parameters) = (gradient, [String: [Double]]())
    for (index, layer) in layers.enumerated().reversed() {
      gradient = try backward(layer, values[index], values[index + 1], gradient, &parameters)
    }
    return (gradient, parameters)
  }

  private func doubles(_ count: Int, _ body: (UnsafeMutablePointer<Double>) throws -> Void) rethrows -> [Double] {
    var values = [Double](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { try body(base) }
    }
    return values
  }

  private func values(_ parameter: Parameter) -> [Double] { parameter.value.buffer.map(Double.init) }

  private func forward(_ layer: any Layer, _ x: [Double]) throws -> [Double] {
    let count = batch * layer.outputShape.count
    return try doubles(count) { y in
      switch layer {
      case let layer as ConvolutionLayer:
        Reference.convolutionForward(
          try layer.shape.withBatch(batch), input: x, weights: values(layer.weight), bias: values(layer.bias),
          relu: false, output: y)
      case let layer as DenseLayer:
        Reference.denseForward(
          batch: batch, inputs: layer.inputShape.count, outputs: layer.outputShape.count, input: x,
          weights: values(layer.weight), bias: values(layer.bias), relu: false, output: y)
      case let layer as ActivationLayer where layer.function == .tanh:
        Reference.tanhForward(count: count, input: x, output: y)
      case let layer as ActivationLayer where layer.function == .sigmoid:
        Reference.sigmoidForward(count: count, input: x, output: y)
      case let layer as AveragePoolLayer:
        Reference.averagePoolingForward(
          try layer.shape.withBatch(batch, operation: "reference"), countIncludePad: layer.countIncludePad,
          input: x, output: y)
      case let layer as SpatialResponseNormLayer:
        _ = doubles(count) { spatialNorm(layer, x, output: y, scale: $0) }
      default: throw Unknown(layer: layer)
      }
    }
  }

  private func backward(
    _ layer: any Layer, _ x: [Double], _ y: [Double], _ dy: [Double], _ parameters: inout [String: [Double]]
  ) throws -> [Double] {
    func learn(
      _ weight: Parameter, _ bias: Parameter,
      _ body: (_ dw: UnsafeMutablePointer<Double>, _ db: UnsafeMutablePointer<Double>) throws -> Void
    ) rethrows {
      var db: [Double] = []
      parameters[weight.name] = try doubles(weight.count) { dw in db = try doubles(bias.count) { try body(dw, $0) } }
      parameters[bias.name] = db
    }
    switch layer {
    case let layer as ConvolutionLayer:
      let shape = try layer.shape.withBatch(batch)
      learn(layer.weight, layer.bias) {
        Reference.convolutionBackwardFilter(
          shape, input: x, outputGradient: dy, weightGradient: $0, biasGradient: $1)
      }
      return doubles(x.count) {
        Reference.convolutionBackwardData(
          shape, outputGradient: dy, weights: values(layer.weight), inputGradient: $0)
      }
    case let layer as DenseLayer:
      let (inputs, outputs) = (layer.inputShape.count, layer.outputShape.count)
      learn(layer.weight, layer.bias) {
        Reference.denseBackwardFilter(
          batch: batch, inputs: inputs, outputs: outputs, input: x, outputGradient: dy, weightGradient: $0,
          biasGradient: $1)
      }
      return doubles(x.count) {
        Reference.denseBackwardData(
          batch: batch, inputs: inputs, outputs: outputs, outputGradient: dy, weights: values(layer.weight),
          inputGradient: $0)
      }
    case let layer as ActivationLayer where layer.function == .tanh:
      return doubles(x.count) {
        Reference.tanhBackward(count: x.count, output: y, outputGradient: dy, inputGradient: $0)
      }
    case let layer as ActivationLayer where layer.function == .sigmoid:
      return doubles(x.count) {
        Reference.sigmoidBackward(count: x.count, output: y, outputGradient: dy, inputGradient: $0)
      }
    case let layer as AveragePoolLayer:
      return try doubles(x.count) {
        Reference.averagePoolingBackward(
          try layer.shape.withBatch(batch, operation: "reference"), countIncludePad: layer.countIncludePad,
          outputGradient: dy,
          inputGradient: $0)
      }
    case let layer as SpatialResponseNormLayer:
      let scale = doubles(x.count) { scale in _ = doubles(x.count) { spatialNorm(layer, x, output: $0, scale: scale) } }
      let shape = layer.inputShape
      return doubles(x.count) {
        Reference.spatialNormalizationBackward(
          batch: batch, height: shape.height, width: shape.width, channels: shape.channels, parameters: layer.norm,
          input: x, scale: scale, outputGradient: dy, inputGradient: $0)
      }
    default: throw Unknown(layer: layer)
    }
  }

  private func spatialNorm(
    _ layer: SpatialResponseNormLayer, _ x: [Double], output: UnsafeMutablePointer<Double>,
    scale: UnsafeMutablePointer<Double>
  ) {
    let shape = layer.inputShape
    Reference.spatialNormalizationForward(
      batch: batch, height: shape.height, width: shape.width, channels: shape.channels, parameters: layer.norm,
      input: x, output: output, scale: scale)
  }
}
