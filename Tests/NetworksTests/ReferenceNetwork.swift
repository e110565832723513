import Kernels
import Tensors

@testable import Networks

/// A network computed layer by layer in double precision with the reference kernels, to compare with the engine's
/// forward and backward passes.
struct ReferenceNetwork {
  let layers: [any Layer]
  let batch: Int
  var relu = ReLURule.standard

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
          batch: batch, inputs: layer.inputShape.count, outputs: layer.outputShape.count,
          input: moved(x, layer.inputShape, toChannelOrder: true), weights: values(layer.weight),
          bias: values(layer.bias), relu: false, output: y)
      case let layer as ActivationLayer where layer.function == .relu:
        Reference.reluForward(count: count, input: x, output: y)
      case let layer as ActivationLayer where layer.function == .tanh:
        Reference.tanhForward(count: count, input: x, output: y)
      case let layer as ActivationLayer where layer.function == .sigmoid:
        Reference.sigmoidForward(count: count, input: x, output: y)
      case let layer as AveragePoolLayer:
        Reference.averagePoolingForward(
          try layer.shape.withBatch(batch, operation: "reference"), countIncludePad: layer.countIncludePad,
          input: x, output: y)
      case let layer as MaxPoolLayer:
        Reference.maxPoolingForward(
          try layer.shape.withBatch(batch, operation: "reference"), input: x, output: y, argument: nil)
      case let layer as ResponseNormLayer:
        _ = doubles(count) { norm(layer, x, output: y, scale: $0) }
      case let layer as DropoutLayer:
        Reference.dropoutForwardInference(
          count: count, probability: layer.probability, form: layer.form, input: x, output: y)
      case is SoftmaxLayer:
        Reference.softmax(rows: batch, classes: count / batch, logits: x, probabilities: y)
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
      let vectors = moved(x, layer.inputShape, toChannelOrder: true)
      learn(layer.weight, layer.bias) {
        Reference.denseBackwardFilter(
          batch: batch, inputs: inputs, outputs: outputs, input: vectors, outputGradient: dy, weightGradient: $0,
          biasGradient: $1)
      }
      let gradient = doubles(x.count) {
        Reference.denseBackwardData(
          batch: batch, inputs: inputs, outputs: outputs, outputGradient: dy, weights: values(layer.weight),
          inputGradient: $0)
      }
      return moved(gradient, layer.inputShape, toChannelOrder: false)
    case let layer as ActivationLayer where layer.function == .relu:
      let passed = relu == .standard ? dy : dy.map { max($0, 0) }
      if relu == .deconvnet { return passed }
      return doubles(x.count) {
        Reference.reluBackward(count: x.count, output: y, outputGradient: passed, inputGradient: $0)
      }
    case let layer as MaxPoolLayer:
      let shape = try layer.shape.withBatch(batch, operation: "reference")
      var argument = [UInt8](repeating: 0, count: y.count)
      _ = doubles(y.count) { Reference.maxPoolingForward(shape, input: x, output: $0, argument: &argument) }
      return doubles(x.count) {
        Reference.maxPoolingBackward(shape, outputGradient: dy, argument: argument, inputGradient: $0)
      }
    case let layer as ResponseNormLayer:
      let scale = doubles(x.count) { scale in _ = doubles(x.count) { norm(layer, x, output: $0, scale: scale) } }
      return doubles(x.count) {
        Reference.responseNormalizationBackward(
          rows: x.count / layer.inputShape.channels, channels: layer.inputShape.channels, groups: layer.groups,
          parameters: layer.norm, input: x, scale: scale, outputGradient: dy, inputGradient: $0)
      }
    case let layer as DropoutLayer:
      return doubles(x.count) {
        Reference.dropoutForwardInference(
          count: x.count, probability: layer.probability, form: layer.form, input: dy, output: $0)
      }
    case is SoftmaxLayer:
      return doubles(x.count) {
        Reference.softmaxBackward(
          rows: batch, classes: x.count / batch, probabilities: y, probabilitiesGradient: dy, logitsGradient: $0)
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

  /// Feature maps with the channels first, as dense layers read them, or back.
  private func moved(_ maps: [Double], _ shape: FeatureShape, toChannelOrder: Bool) -> [Double] {
    var result = maps
    for image in 0..<batch {
      for pixel in 0..<shape.height * shape.width {
        for channel in 0..<shape.channels {
          let nhwc = image * shape.count + pixel * shape.channels + channel
          let nchw = image * shape.count + channel * shape.height * shape.width + pixel
          result[toChannelOrder ? nchw : nhwc] = maps[toChannelOrder ? nhwc : nchw]
        }
      }
    }
    return result
  }

  private func norm(
    _ layer: ResponseNormLayer, _ x: [Double], output: UnsafeMutablePointer<Double>,
    scale: UnsafeMutablePointer<Double>
  ) {
    let channels = layer.inputShape.channels
    Reference.responseNormalizationForward(
      rows: x.count / channels, channels: channels, groups: layer.groups, parameters: layer.norm, input: x,
      output: output, scale: scale)
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
