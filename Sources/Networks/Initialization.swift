import Parallel
import Tensors

/// How the parameters of a new network are drawn: a row of rules with a name.
public struct Initialization: Sendable {
  enum Weights: Sendable {
    case zeros
    case normal(deviation: Float, hiddenDense: Float)
    /// Uniform within ± 1/√(inputs of one output), PyTorch's default for convolution and linear layers.
    case uniformByFanIn
  }

  enum Biases: Sendable {
    /// `value` in conv2, conv4, conv5 and the hidden dense layers, 0 elsewhere.
    case constantInHalf(Float)
    case uniformByFanIn
  }

  public let name: String
  let weights: Weights
  let biases: Biases

  /// Krizhevsky et al. 2012, section 5: N(0, 0.01²); biases 1 in conv2, conv4, conv5 and the hidden dense
  /// layers ("to accelerate the early stages of learning by providing the ReLUs with positive inputs").
  public static let paper = Initialization(
    name: "paper", weights: .normal(deviation: 0.01, hiddenDense: 0.01), biases: .constantInHalf(1))
  /// BVLC's models/bvlc_alexnet: 0.005 in fc6 and fc7, biases 0.1.
  public static let caffe = Initialization(
    name: "caffe", weights: .normal(deviation: 0.01, hiddenDense: 0.005), biases: .constantInHalf(0.1))
  /// BVLC's models/bvlc_reference_caffenet: as `caffe` with biases 1.
  public static let caffenet = Initialization(
    name: "caffenet", weights: .normal(deviation: 0.01, hiddenDense: 0.005), biases: .constantInHalf(1))
  public static let torchvision = Initialization(
    name: "torchvision", weights: .uniformByFanIn, biases: .uniformByFanIn)
  public static let zeros = Initialization(name: "zeros", weights: .zeros, biases: .constantInHalf(0))

  public static let known = [paper, caffe, caffenet, torchvision, zeros]

  /// - Throws: ``EngineError/invalidValue(_:)`` with the names that exist.
  public static func named(_ name: String) throws -> Initialization {
    if let found = known.first(where: { $0.name == name }) { return found }
    throw EngineError.invalidValue(
      "initialization: got '\(name)', expected one of \(known.map(\.name).joined(separator: ", "))")
  }

  /// Draws every parameter from the stream (seed, initialisation, number of the parameter).
  func fill(parameters: [Parameter], hiddenDense: [String], seed: UInt64) throws {
    let oneBiases = Set(["conv2", "conv4", "conv5"] + hiddenDense).map { $0 + ".bias" }
    let hidden = Set(hiddenDense.map { $0 + ".weight" })
    for (number, parameter) in parameters.enumerated() {
      let draw = Draw(parameter, generator: Philox(seed: seed, purpose: .initialization, step: UInt64(number)))
      let bound = 1 / Float(parameter.fanIn).squareRoot()
      switch (parameter.role, weights, biases) {
      case (.weight, .zeros, _): break
      case (.weight, .normal(let deviation, let dense), _):
        try draw.normal(deviation: hidden.contains(parameter.name) ? dense : deviation)
      case (.weight, .uniformByFanIn, _), (.bias, _, .uniformByFanIn): try draw.uniform(bound: bound)
      case (.bias, _, .constantInHalf(let value)):
        parameter.value.buffer.update(repeating: oneBiases.contains(parameter.name) ? value : 0)
      }
    }
  }
}

/// Fills one parameter with random numbers, four at a time, in parallel; element i depends on i only.
private struct Draw {
  private let target: UnsafeMutableBufferPointer<Float>
  private let generator: Philox
  private static let itemSize = 1 << 18

  init(_ parameter: Parameter, generator: Philox) {
    target = parameter.value.buffer
    self.generator = generator
  }

  func uniform(bound: Float) throws {
    try fill { words in
      let units = SIMD4(
        Philox.unit(words[0]), Philox.unit(words[1]), Philox.unit(words[2]), Philox.unit(words[3]))
      return (2 * units - 1) * bound
    }
  }

  func normal(deviation: Float) throws {
    try fill { Philox.normals($0) * deviation }
  }

  private func fill(_ four: (SIMD4<UInt32>) -> SIMD4<Float>) throws {
    let (target, generator, count) = (self.target, self.generator, self.target.count)
    try ThreadPool.shared.forEach((count + Self.itemSize - 1) / Self.itemSize) { item, _ in
      var index = item * Self.itemSize
      let end = min(index + Self.itemSize, count)
      while index < end {
        let values = four(generator.words(UInt64(index / 4)))
        for lane in 0..<min(4, end - index) { target[index + lane] = values[lane] }
        index += 4
      }
    }
  }
}
