import Kernels
import Tensors

/// The text form of a specification, one node a line. It crosses the C boundary and travels in saved models:
///
///     network owt
///     data channels=3 height=224 width=224
///     convolution conv1 outputs=64 kernel=11 stride=4 pad=2,2,2,2 groups=1
///     relu relu1
///
/// `pad` is top, left, bottom, right. Reading what was written gives the same value.
extension NetworkSpec {
  public var text: String {
    var lines = ["network \(name)"]
    lines.append("data channels=\(input.channels) height=\(input.height) width=\(input.width)")
    lines += nodes.map { "\($0.operation.kind) \($0.name)\($0.operation.fields)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` that names the line.
  public init(text: String) throws {
    var name: String?
    var input: FeatureShape?
    var nodes: [NodeSpec] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(separator: " ")
      guard let kind = words.first else { continue }
      var fields = try SpecFields(words.dropFirst(), line: number + 1)
      switch kind {
      case "network": name = try fields.name()
      case "data":
        input = FeatureShape(
          height: try fields.integer("height"), width: try fields.integer("width"),
          channels: try fields.integer("channels"))
      default: nodes.append(NodeSpec(try fields.name(), try NodeOperation(kind: String(kind), &fields)))
      }
      try fields.finish()
    }
    guard let name, let input else {
      throw EngineError.invalidValue("specification: expected a line 'network NAME' and a line 'data …'")
    }
    self.init(name: name, input: input, nodes: nodes)
  }
}

extension Padding {
  fileprivate var text: String { "\(top),\(left),\(bottom),\(right)" }
}

extension ResponseNormalization {
  fileprivate var fields: String {
    " size=\(size) alpha=\(alpha) beta=\(beta) k=\(k) alpha_over_n=\(alphaOverN ? 1 : 0)"
  }
}

extension NodeOperation {
  fileprivate var fields: String {
    switch self {
    case .convolution(let outputs, let kernel, let stride, let padding, let groups):
      return " outputs=\(outputs) kernel=\(kernel) stride=\(stride) pad=\(padding.text) groups=\(groups)"
    case .locallyConnected(let outputs, let kernel, let stride, let padding):
      return " outputs=\(outputs) kernel=\(kernel) stride=\(stride) pad=\(padding.text)"
    case .relu, .tanh, .sigmoid, .softmax: return ""
    case .responseNorm(let norm, let groups): return "\(norm.fields) groups=\(groups)"
    case .spatialResponseNorm(let norm): return norm.fields
    case .maxPool(let kernel, let stride, let padding, let ceilMode):
      return " kernel=\(kernel) stride=\(stride) pad=\(padding.text) ceil=\(ceilMode ? 1 : 0)"
    case .averagePool(let kernel, let stride, let padding, let ceilMode, let countIncludePad):
      return " kernel=\(kernel) stride=\(stride) pad=\(padding.text) ceil=\(ceilMode ? 1 : 0)"
        + " counts_padding=\(countIncludePad ? 1 : 0)"
    case .adaptiveAveragePool(let size): return " size=\(size)"
    case .dense(let outputs): return " outputs=\(outputs)"
    case .dropout(let probability, let form):
      return " probability=\(probability) form=\(form == .inverted ? "inverted" : "paper2012")"
    }
  }

  fileprivate init(kind: String, _ fields: inout SpecFields) throws {
    switch kind {
    case "convolution":
      self = .convolution(
        outputs: try fields.integer("outputs"), kernel: try fields.integer("kernel"),
        stride: try fields.integer("stride"), padding: try fields.padding("pad"),
        groups: try fields.integer("groups"))
    case "locally_connected":
      self = .locallyConnected(
        outputs: try fields.integer("outputs"), kernel: try fields.integer("kernel"),
        stride: try fields.integer("stride"), padding: try fields.padding("pad"))
    case "relu": self = .relu
    case "tanh": self = .tanh
    case "sigmoid": self = .sigmoid
    case "softmax": self = .softmax
    case "response_norm": self = .responseNorm(try fields.norm(kind), groups: try fields.integer("groups"))
    case "spatial_response_norm": self = .spatialResponseNorm(try fields.norm(kind))
    case "average_pool":
      self = .averagePool(
        kernel: try fields.integer("kernel"), stride: try fields.integer("stride"),
        padding: try fields.padding("pad"), ceilMode: try fields.integer("ceil") != 0,
        countIncludePad: try fields.integer("counts_padding") != 0)
    case "max_pool":
      self = .maxPool(
        kernel: try fields.integer("kernel"), stride: try fields.integer("stride"),
        padding: try fields.padding("pad"), ceilMode: try fields.integer("ceil") != 0)
    case "adaptive_average_pool": self = .adaptiveAveragePool(size: try fields.integer("size"))
    case "dense": self = .dense(outputs: try fields.integer("outputs"))
    case "dropout":
      let form = try fields.word("form")
      guard form == "inverted" || form == "paper2012" else {
        throw fields.error("form is '\(form)', expected inverted or paper2012")
      }
      self = .dropout(
        probability: try fields.float("probability"), form: form == "inverted" ? .inverted : .paper2012)
    default: throw fields.error("unknown kind of node '\(kind)'")
    }
  }
}

/// The words of one line after its kind: an optional name, then `key=value` fields, each used exactly once.
private struct SpecFields {
  private let line: Int
  private var names: [String] = []
  private var values: [String: String] = [:]

  init(_ words: ArraySlice<Substring>, line: Int) throws {
    self.line = line
    for word in words {
      guard let equals = word.firstIndex(of: "=") else {
        names.append(String(word))
        continue
      }
      let key = String(word[..<equals])
      guard values.updateValue(String(word[word.index(after: equals)...]), forKey: key) == nil else {
        throw error("'\(key)' stands twice")
      }
    }
  }

  func error(_ problem: String) -> EngineError { .invalidValue("specification, line \(line): \(problem)") }

  mutating func name() throws -> String {
    guard names.count == 1 else { throw error("expected one name, got \(names.count)") }
    return names.removeFirst()
  }

  mutating func word(_ key: String) throws -> String {
    guard let value = values.removeValue(forKey: key) else { throw error("'\(key)' is missing") }
    return value
  }

  mutating func integer(_ key: String) throws -> Int {
    let text = try word(key)
    guard let value = Int(text) else { throw error("\(key) is '\(text)', expected an integer") }
    return value
  }

  mutating func float(_ key: String) throws -> Float {
    let text = try word(key)
    guard let value = Float(text), value.isFinite else { throw error("\(key) is '\(text)', expected a number") }
    return value
  }

  mutating func padding(_ key: String) throws -> Padding {
    let text = try word(key)
    let sides = text.split(separator: ",").compactMap { Int($0) }
    guard sides.count == 4 else { throw error("\(key) is '\(text)', expected top,left,bottom,right") }
    return Padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
  }

  mutating func norm(_ kind: String) throws -> ResponseNormalization {
    try ResponseNormalization(
      size: try integer("size"), alpha: try float("alpha"), beta: try float("beta"), k: try float("k"),
      alphaOverN: try integer("alpha_over_n") != 0, operation: "specification, line \(line): \(kind)")
  }

  func finish() throws {
    guard names.isEmpty, values.isEmpty else {
      throw error("did not expect \((names + values.keys.sorted()).joined(separator: ", "))")
    }
  }
}
