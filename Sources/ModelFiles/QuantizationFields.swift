import Kernels
import Networks
import SwiftAlexNet
import Tensors

/// The member `quantization` of a model's description: how its activations are held in bytes.
struct QuantizationFields {
  static let memberName = "quantization"

  let calibration: Calibration
  /// By node, the input first, which is called "data".
  private let activations: [(name: String, quantization: Quantization)]

  private static let input = "data"

  init(of network: Network, _ quantization: NetworkQuantization, _ calibration: Calibration) {
    self.calibration = calibration
    let names = [Self.input] + network.spec.nodes.map(\.name)
    activations = Array(zip(names, [quantization.input] + quantization.outputs))
  }

  init(parsing json: JSON) throws {
    let members = try json.members("the quantization")
    calibration = Calibration(
      method: try members.required("method").string("the method of quantization"),
      images: try members.required("images").count("the images of quantization"))
    activations = try members.required("activations").members("the activations").map { member in
      let what = "the quantization of \(member.name)"
      let numbers = try member.value.items(what)
      guard let scale = numbers.first, numbers.count == 2, let zeroPoint = UInt8(exactly: try numbers[1].count(what))
      else { throw JSON.Malformed("\(what) is not a scale and a zero point from 0 to 255") }
      return (
        member.name, try Quantization(scale: Float(try scale.finite(what)), zeroPoint: zeroPoint, operation: what)
      )
    }
  }

  var json: JSON {
    .object([
      JSON.Member(name: "method", value: .string(calibration.method)),
      JSON.Member(name: "images", value: .number("\(calibration.images)")),
      JSON.Member(
        name: "activations",
        value: .object(
          activations.map { name, quantization in
            let zeroPoint = JSON.number("\(quantization.zeroPoint)")
            return JSON.Member(name: name, value: .array([.number(Double(quantization.scale)), zeroPoint]))
          })),
    ])
  }

  /// The same for a network's own nodes.
  func quantization(of network: Network) throws -> NetworkQuantization {
    var known: [String: Quantization] = [:]
    for (name, quantization) in activations { known[name] = quantization }
    let all = try ([Self.input] + network.spec.nodes.map(\.name)).map { name in
      guard let found = known.removeValue(forKey: name) else {
        throw JSON.Malformed("it has no quantization of \(name)")
      }
      return found
    }
    if let other = known.keys.min() { throw JSON.Malformed("it has a quantization of '\(other)', which is no node") }
    return NetworkQuantization(input: all[0], outputs: Array(all.dropFirst()))
  }
}
