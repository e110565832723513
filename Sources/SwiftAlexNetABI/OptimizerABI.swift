import CSwiftAlexNet
import Kernels
import Tensors
import Training

@c @implementation
public func sax_sgd_update(
  _ w: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ count: Int64,
  _ learning_rate: Float, _ momentum: Float, _ weight_decay: Float, _ rule: Int32,
  _ trust_coefficient: Float
) -> Int32 {
  status {
    let options = try StepOptions(
      learningRate: learning_rate, momentum: momentum, weightDecay: weight_decay, rule: try Argument.rule(rule),
      trust: trust_coefficient, seed: 0, step: 0)
    let (count, context) = (try Argument.elements(count, "sgd_update"), try ComputeContext())
    let localized = try SGDUpdate.localized(
      rule: options.rule, hyperparameters: options.hyperparameters, count: count, weights: w, gradient: g,
      context: context)
    guard let hyperparameters = localized else {
      throw EngineError.nonFinite("sgd_update: the local rate would overflow float32; nothing was updated")
    }
    try SGDUpdate.apply(
      count: count, rule: options.rule, hyperparameters: hyperparameters, weights: w, velocity: v, gradient: g,
      context: context)
  }
}
