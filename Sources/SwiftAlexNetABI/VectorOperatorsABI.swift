import CSwiftAlexNet
import Kernels
import Tensors
import Training

/// A number of elements; tensors may be larger than any single size.
private func elements(_ count: Int64, _ operation: String) throws -> Int {
  guard count >= 1, count <= Int64(Extent.maximumCount) else {
    throw EngineError.invalidValue("\(operation): got \(count) elements, expected 1 to \(Extent.maximumCount)")
  }
  return Int(count)
}

// MARK: Activations

private typealias Source = UnsafePointer<Float>
private typealias Target = UnsafeMutablePointer<Float>

private func activation(
  _ forward: (Int, Source, Target, ComputeContext) throws -> Void, _ x: Source, _ count: Int64, _ y: Target,
  operation: String
) -> Int32 {
  status { try forward(try elements(count, operation), x, y, try ComputeContext()) }
}

/// The gradient of a function whose derivative is known from its output, which takes the result's place for a moment.
private func activationBackward(
  _ forward: (Int, Source, Target, ComputeContext) throws -> Void,
  _ backward: (Int, Source, Source, Target, ComputeContext) throws -> Void, _ dy: Source, _ x: Source,
  _ count: Int64, _ dx: Target, operation: String
) -> Int32 {
  status {
    let (count, context) = (try elements(count, operation), try ComputeContext())
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
    // The sign of the input decides as the sign of the output does.
    try Activation.reluBackward(
      count: try elements(count, "relu_backward"), output: x, outputGradient: dy, inputGradient: dx,
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

// MARK: Dense

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

// MARK: Softmax, dropout, update

@c @implementation
public func sax_softmax(
  _ x: UnsafePointer<Float>, _ rows: Int64, _ classes: Int64, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    try SoftmaxCrossEntropy.softmax(
      rows: try Argument.size(rows, "softmax: rows"), classes: try Argument.size(classes, "softmax: classes"),
      logits: x, probabilities: y, context: try ComputeContext())
  }
}

@c @implementation
public func sax_cross_entropy(
  _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ rows: Int64, _ classes: Int64,
  _ loss: UnsafeMutablePointer<Double>, _ dx: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    let rows = try Argument.size(rows, "cross_entropy: rows")
    let classes = try Argument.size(classes, "cross_entropy: classes")
    for row in 0..<rows where labels[row] < 0 || Int(labels[row]) >= classes {
      throw EngineError.invalidValue(
        "cross_entropy: label \(row) is \(labels[row]), expected 0 ≤ label < \(classes)")
    }
    try OperatorTensors.with { tensors in
      let losses = try tensors.floats(rows)
      try SoftmaxCrossEntropy.forwardBackward(
        rows: rows, classes: classes, logits: x, labels: labels, logitsGradient: dx, losses: losses,
        context: tensors.context)
      loss.pointee = (0..<rows).reduce(0.0) { $0 + Double(losses[$1]) } / Double(rows)
    }
  }
}

@c @implementation
public func sax_dropout(
  _ x: UnsafePointer<Float>, _ count: Int64, _ probability: Float, _ form: Int32, _ training: Int32, _ seed: UInt64,
  _ step: UInt64, _ y: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let count = try elements(count, "dropout")
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

@c @implementation
public func sax_sgd_update(
  _ w: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ count: Int64,
  _ learning_rate: Float, _ momentum: Float, _ weight_decay: Float, _ rule: Int32
) -> Int32 {
  status {
    let options = try StepOptions(
      learningRate: learning_rate, momentum: momentum, weightDecay: weight_decay, rule: try Argument.rule(rule),
      seed: 0, step: 0)
    try SGDUpdate.apply(
      count: try elements(count, "sgd_update"), rule: options.rule, hyperparameters: options.hyperparameters,
      weights: w, velocity: v, gradient: g, context: try ComputeContext())
  }
}
