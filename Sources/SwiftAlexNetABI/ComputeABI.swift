import CSwiftAlexNet
import Evaluation
import Imaging
import Networks
import Tensors
import Training

@c @implementation
public func sax_network_forward(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ batch: Int64, _ layout: Int32, _ keep: Int32,
  _ training: Int32, _ seed: UInt64, _ step: UInt64, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ logits: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, layout) = (try Argument.size(batch, "forward: batch"), try Argument.layout(layout))
    let arithmetic = try Arithmetic(arithmetic.pointee, operation: "forward")
    guard keep != 0 else {
      guard training == 0 else {
        throw EngineError.invalidValue("forward: training without keep; dropout acts only in a pass that is kept")
      }
      return try network(handle).forward(x, batch: batch, layout: layout, arithmetic: arithmetic, into: logits)
    }
    guard arithmetic == Arithmetic(precision: arithmetic.precision) else {
      throw EngineError.invalidValue("forward: int8 weights and fast math are for inference, without keep")
    }
    try network(handle).forwardKeeping(
      x, batch: batch, layout: layout, dropout: training != 0 ? DropoutKey(seed: seed, step: step) : nil,
      precision: arithmetic.precision, into: logits)
  }
}

@c @implementation
public func sax_network_capture(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ batch: Int64, _ layout: Int32,
  _ names: UnsafePointer<UnsafePointer<CChar>>, _ count: Int64, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>
) -> Int32 {
  status {
    let count = try Argument.size(count, "capture: number of names")
    try network(handle).capture(
      (0..<count).map { String(cString: names[$0]) }, of: x, batch: try Argument.size(batch, "capture: batch"),
      layout: try Argument.layout(layout), arithmetic: try Arithmetic(arithmetic.pointee, operation: "capture"),
      into: (0..<count).map { outputs[$0] })
  }
}

@c @implementation
public func sax_network_non_finite_cause(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ layout: Int32, _ arithmetic: UnsafePointer<sax_arithmetic>,
  _ text: UnsafeMutablePointer<CChar>, _ capacity: Int64
) -> Int32 {
  status {
    let cause = try network(handle).nonFiniteCause(
      x, layout: try Argument.layout(layout),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "non_finite_cause"))
    try write(cause, to: text, capacity: capacity)
  }
}

@c @implementation
public func sax_network_backward(
  _ handle: OpaquePointer, _ dlogits: UnsafePointer<Float>, _ batch: Int64, _ layout: Int32, _ accumulate: Int32,
  _ dx: UnsafeMutablePointer<Float>?
) -> Int32 {
  status {
    try network(handle).backward(
      dlogits, batch: try Argument.size(batch, "backward: batch"), layout: try Argument.layout(layout),
      accumulate: accumulate != 0, inputGradient: dx)
  }
}

extension Arithmetic {
  init(_ arithmetic: sax_arithmetic, operation: String) throws {
    self.init(
      precision: try Argument.precision(arithmetic.precision, operation: operation),
      int8DenseWeights: try Argument.flag(arithmetic.int8_dense_weights, "\(operation): int8 weights"),
      fastMath: try Argument.flag(arithmetic.fast_math, "\(operation): fast math"))
  }
}

extension StepOptions {
  fileprivate init(_ options: sax_step_options, for network: Network) throws {
    let count = network.parameters.count
    guard (options.rates == nil && options.decays == nil) || options.count == Int64(count) else {
      throw EngineError.invalidValue(
        "train_step: got \(options.count) rates and decays, expected \(count), one a parameter")
    }
    let copy = { Array(UnsafeBufferPointer<Float>(start: $0, count: count)) }
    try self.init(
      learningRate: options.learning_rate, momentum: options.momentum, weightDecay: options.weight_decay,
      rule: try Argument.rule(options.rule), seed: options.seed, step: options.step,
      rates: options.rates.map(copy), decays: options.decays.map(copy),
      precision: try Argument.precision(options.precision, operation: "train_step"))
  }
}

@c @implementation
public func sax_network_train_step(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ batch: Int64, _ layout: Int32,
  _ options: UnsafePointer<sax_step_options>, _ result: UnsafeMutablePointer<sax_step_result>
) -> Int32 {
  status {
    let step = try network(handle).trainStep(
      x, labels: labels, batch: try Argument.size(batch, "train_step: batch"), layout: try Argument.layout(layout),
      options: try StepOptions(options.pointee, for: network(handle)))
    result.pointee = sax_step_result(loss: step.loss, top1_error: step.top1Error)
  }
}

@c @implementation
public func sax_network_train_step_images(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ labels: UnsafePointer<Int32>,
  _ preprocessing: UnsafePointer<sax_preprocessing>, _ augmentation: UnsafePointer<sax_augmentation>,
  _ options: UnsafePointer<sax_step_options>, _ result: UnsafeMutablePointer<sax_step_result>
) -> Int32 {
  status {
    let (batch, preprocessing) = try ImageBatch.checked(
      images.pointee, preprocessing.pointee, for: network(handle), operation: "train_step")
    let step = try network(handle).trainStep(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width, labels: labels,
      preprocessing: preprocessing, augmentation: try Augmentation(augmentation.pointee),
      options: try StepOptions(options.pointee, for: network(handle)))
    result.pointee = sax_step_result(loss: step.loss, top1_error: step.top1Error)
  }
}

@c @implementation
public func sax_network_predict_images(
  _ handle: OpaquePointer, _ images: UnsafePointer<sax_images>, _ preprocessing: UnsafePointer<sax_preprocessing>,
  _ views: Int64, _ arithmetic: UnsafePointer<sax_arithmetic>, _ probabilities: UnsafeMutablePointer<Float>
) -> Int32 {
  status {
    let (batch, preprocessing) = try ImageBatch.checked(
      images.pointee, preprocessing.pointee, for: network(handle), operation: "predict")
    try network(handle).predict(
      images: batch.pixels, count: batch.count, height: batch.height, width: batch.width,
      preprocessing: preprocessing, views: try ImageInput.Views(count: views),
      arithmetic: try Arithmetic(arithmetic.pointee, operation: "predict"), into: probabilities)
  }
}

@c @implementation
public func sax_score_probabilities(
  _ probabilities: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ rows: Int64, _ classes: Int64,
  _ result: UnsafeMutablePointer<sax_score>
) -> Int32 {
  status {
    let score = try Score(
      probabilities: probabilities, labels: labels, rows: try Argument.size(rows, "score: rows"),
      classes: try Argument.size(classes, "score: classes"))
    result.pointee = sax_score(top1_credit: score.top1Credit, top5_credit: score.top5Credit, loss: score.loss)
  }
}
