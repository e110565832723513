import CSwiftAlexNet
import Kernels
import Tensors

private typealias Source = UnsafePointer<Float>
private typealias Target = UnsafeMutablePointer<Float>

private func activation(
  _ forward: (Int, Source, Target, ComputeContext) throws -> Void, _ x: Source, _ count: Int64, _ y: Target,
  operation: String
) -> Int32 {
  status { try forward(try Argument.elements(count, operation), x, y, try ComputeContext()) }
}

/// The gradient of a function whose derivative is known from its output, which is stored temporarily in the result.
private func activationBackward(
  _ forward: (Int, Source, Target, ComputeContext) throws -> Void,
  _ backward: (Int, Source, Source, Target, ComputeContext) throws -> Void, _ dy: Source, _ x: Source,
  _ count: Int64, _ dx: Target, operation: String
) -> Int32 {
  status {
    let (count, context) = (try Argument.elements(count, operation), try ComputeContext())
    try forward(count, x, dx, context)
    try backward(count, dx, dy, dx, context)
  }
}

@c @implementation
public func sax_relu(_ x: UnsafePointer<Float>, _ count: Int64, _ y: UnsafeMutablePointer<Float>) -> Int32 {
  activation(Activation.reluForward, x, count, y, operation: "relu")
}

@c @implementation
public func sax_relu_backward(
  _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int64, _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    // The input's sign works as well as the output's.
    try Activation.reluBackward(
      count: try Argument.elements(count, "relu_backward"), output: x, outputGradient: dy, inputGradient: dx,
      context: try ComputeContext())
  }
}

@c @implementation
public func sax_tanh(_ x: UnsafePointer<Float>, _ count: Int64, _ y: UnsafeMutablePointer<Float>) -> Int32 {
  activation(Activation.tanhForward, x, count, y, operation: "tanh")
}

@c @implementation
public func sax_tanh_backward(
  _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int64, _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  activationBackward(
    Activation.tanhForward, Activation.tanhBackward, dy, x, count, dx, operation: "tanh_backward")
}

@c @implementation
public func sax_sigmoid(_ x: UnsafePointer<Float>, _ count: Int64, _ y: UnsafeMutablePointer<Float>) -> Int32 {
  activation(Activation.sigmoidForward, x, count, y, operation: "sigmoid")
}

@c @implementation
public func sax_sigmoid_backward(
  _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int64, _ dx: UnsafeMutablePointer<Float>
) -> Int32 {
  activationBackward(
    Activation.sigmoidForward, Activation.sigmoidBackward, dy, x, count, dx, operation: "sigmoid_backward")
}

@c @implementation
public func sax_dropout(
  _ x: UnsafePointer<Float>, _ count: Int64, _ probability: Float, _ form: Int32, _ training: Int32, _ seed: UInt64,
  _ step: UInt64, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let count = try Argument.elements(count, "dropout")
    let form = try Argument.dropoutForm(form)
    guard probability >= 0, probability < 1 else {
      throw EngineError.invalidValue("dropout: got probability \(probability), expected 0 ≤ p < 1")
    }
    let context = try ComputeContext()
    if training != 0 {
      try Dropout.forwardTraining(
        count: count, probability: probability, form: form,
        generator: Philox(seed: seed, purpose: .dropout, step: step), layer: 0, input: x, output: y,
        context: context)
    } else {
      try Dropout.forwardInference(
        count: count, probability: probability, form: form, input: x, output: y, context: context)
    }
  }
}
