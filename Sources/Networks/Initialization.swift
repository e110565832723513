import Parallel
import Tensors

/// How the parameters of a new network are drawn: a rule for its weights, one for its biases, and exceptions by node
/// name. The named ones are in Initialization+Table.swift.
public struct Initialization: Sendable {
  enum Rule: Sendable {
    case constant(Float)
    /// N(0, deviation²).
    case normal(Float)
    /// Uniform within ± 1/√(inputs of one output), PyTorch's default for convolution and linear layers.
    case uniformByFanIn
    /// Uniform within ± √(6 / (inputs of one output + outputs of one input)): Glorot, Bengio 2010, equation 16.
    case glorot
  }

  struct Rules: Sendable {
    var all: Rule
    /// For the dense layers before the last one.
    var hiddenDense: Rule?
    var nodes: [String: Rule] = [:]

    func rule(node: String, isHiddenDense: Bool) -> Rule {
      nodes[node] ?? (isHiddenDense ? hiddenDense : nil) ?? all
    }
  }

  public let name: String
  let weights: Rules
  let biases: Rules

  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names.
  public static func named(_ name: String) throws -> Initialization {
    if let found = known.first(where: { $0.name == name }) { return found }
    let expected = NearestName.expected(known.map(\.name), insteadOf: name)
    throw EngineError.invalidValue("initialization: got '\(name)', \(expected)")
  }

  /// Draws every parameter from the stream (seed, initialisation, parameter number).
  func fill(parameters: [Parameter], hiddenDense: Set<String>, seed: UInt64) throws {
    for (number, parameter) in parameters.enumerated() {
      let rules = parameter.role == .weight ? weights : biases
      let rule = rules.rule(node: parameter.node, isHiddenDense: hiddenDense.contains(parameter.node))
      let draw = Draw(parameter, generator: Philox(seed: seed, purpose: .initialization, step: UInt64(number)))
      switch rule {
      case .constant(let value):
        // New memory is zero, and untouched pages cost nothing.
        if value != 0 { parameter.value.buffer.update(repeating: value) }
      case .normal(let deviation): try draw.normal(deviation: deviation)
      case .uniformByFanIn: try draw.uniform(bound: 1 / Float(parameter.fanIn).squareRoot())
      case .glorot: try draw.uniform(bound: (6 / Float(parameter.fanIn + parameter.fanOut)).squareRoot())
      }
    }
  }
}

/// Fills one parameter with random numbers, four at a time, in parallel; element i depends only on i.
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
