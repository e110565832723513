import CSwiftAlexNet
import Kernels
import Training

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
      count: try Argument.elements(count, "sgd_update"), rule: options.rule, hyperparameters: options.hyperparameters,
      weights: w, velocity: v, gradient: g, context: try ComputeContext())
  }
}
