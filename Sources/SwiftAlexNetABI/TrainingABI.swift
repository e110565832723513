import CSwiftAlexNet
import Imaging
import Networks
import Tensors
import Training

extension StepOptions {
  init(_ options: sax_step_options, for network: Network, batch: Int) throws {
    let count = network.parameters.count
    guard (options.rates == nil && options.decays == nil) || options.count == Int64(count) else {
      throw EngineError.invalidValue(
        "train_step: got \(options.count) rates and decays, expected \(count), one per parameter")
    }
    guard options.sample_weights == nil || options.sample_weight_count == Int64(batch) else {
      throw EngineError.invalidValue(
        "train_step: got \(options.sample_weight_count) values of sample_weight, expected \(batch), one per image")
    }
    let copy = { Array(UnsafeBufferPointer<Float>(start: $0, count: count)) }
    try self.init(
      learningRate: options.learning_rate, momentum: options.momentum, weightDecay: options.weight_decay,
      rule: try Argument.rule(options.rule), trust: options.trust_coefficient,
      plainBiases: try Argument.flag(options.plain_biases, "train_step: plain_biases"), seed: options.seed,
      step: options.step, rates: options.rates.map(copy), decays: options.decays.map(copy),
      sampleWeights: options.sample_weights.map { Array(UnsafeBufferPointer(start: $0, count: batch)) },
      arithmetic: Arithmetic(
        precision: try Argument.precision(options.precision, operation: "train_step"),
        fastMath: try Argument.flag(options.fast_math, "train_step: fast math")))
  }
}

@c @implementation
public func sax_network_train_step(
  _ handle: OpaquePointer, _ x: UnsafePointer<Float>, _ labels: UnsafePointer<Int32>, _ batch: Int64, _ layout: Int32,
  _ options: UnsafePointer<sax_step_options>, _ result: UnsafeMutablePointer<sax_step_result>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "train_step: batch")
    let step = try network(handle).trainStep(
      x, labels: labels, batch: batch, layout: try Argument.layout(layout),
      options: try StepOptions(options.pointee, for: network(handle), batch: batch))
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
      options: try StepOptions(options.pointee, for: network(handle), batch: batch.count))
    result.pointee = sax_step_result(loss: step.loss, top1_error: step.top1Error)
  }
}

@c @implementation
public func sax_network_train_step_features(
  _ handle: OpaquePointer, _ node: UnsafePointer<CChar>, _ features: UnsafePointer<Float>,
  _ labels: UnsafePointer<Int32>, _ batch: Int64, _ layout: Int32, _ options: UnsafePointer<sax_step_options>,
  _ result: UnsafeMutablePointer<sax_step_result>
) -> Int32 {
  status {
    let batch = try Argument.size(batch, "train_step: batch")
    let step = try network(handle).trainStep(
      features: features, after: String(cString: node), labels: labels, batch: batch,
      layout: try Argument.layout(layout),
      options: try StepOptions(options.pointee, for: network(handle), batch: batch))
    result.pointee = sax_step_result(loss: step.loss, top1_error: step.top1Error)
  }
}

@c @implementation
public func sax_network_prepare_update(_ handle: OpaquePointer, _ options: UnsafePointer<sax_step_options>) -> Int32 {
  status { try network(handle).prepareUpdate(try StepOptions(options.pointee, for: network(handle), batch: 0)) }
}

@c @implementation
public func sax_network_commit_update(_ handle: OpaquePointer) -> Int32 {
  status { try network(handle).commitUpdate() }
}
