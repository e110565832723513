import Kernels
import Tensors

struct ResponseNormSpec: LayerSpec {
  static let kind = "response_norm"
  let norm: ResponseNormalization
  let groups: Int

  var fields: String { "\(norm.fields) groups=\(groups)" }

  func makeLayer(_ site: LayerSite) throws -> any Layer {
    try ResponseNormLayer(input: site.input, norm: norm, groups: groups)
  }

  func crosses(towers: Int) -> Bool { norm.size > 1 && !groups.isMultiple(of: towers) }

  /// The tower's own channels and as many before and behind them as the window reaches.
  func reads(_ cut: TowerCut) throws -> Range<Int> {
    guard groups == 1 else { return 0..<cut.channels }
    let (own, reach) = (try cut.own(), (before: norm.size / 2, behind: (norm.size - 1) / 2))
    return max(
      0, own.lowerBound - min(reach.before, cut.channels))..<min(
        cut.channels, own.upperBound + min(reach.behind, cut.channels))
  }

  func part(_ cut: TowerCut) throws -> ResponseNormSpec {
    cut.isDivided ? ResponseNormSpec(norm: norm, groups: max(1, groups / cut.towers)) : self
  }
}

extension ResponseNormSpec {
  init(fields: inout SpecFields) throws {
    norm = try ResponseNormalization(fields: &fields, kind: Self.kind)
    groups = try fields.integer("groups")
  }
}

extension NodeOperation {
  /// `groups`: the window never crosses a group of channels (a tower); 1 means the whole layer.
  public static func responseNorm(_ norm: ResponseNormalization, groups: Int) -> NodeOperation {
    NodeOperation(ResponseNormSpec(norm: norm, groups: groups))
  }
}

extension ResponseNormalization {
  var fields: String { " size=\(size) alpha=\(alpha) beta=\(beta) k=\(k) alpha_over_n=\(alphaOverN ? 1 : 0)" }

  init(fields: inout SpecFields, kind: String) throws {
    try self.init(
      size: try fields.integer("size"), alpha: try fields.float("alpha"), beta: try fields.float("beta"),
      k: try fields.float("k"), alphaOverN: try fields.integer("alpha_over_n") != 0,
      operation: "\(fields.place): \(kind)")
  }
}

/// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3).
struct ResponseNormLayer: Layer {
  let inputShape: FeatureShape
  let norm: ResponseNormalization
  let groups: Int

  init(input: FeatureShape, norm: ResponseNormalization, groups: Int) throws {
    guard groups >= 1, input.channels % groups == 0 else {
      throw EngineError.invalidValue(
        "response_norm: got \(groups) groups, expected a divisor of \(input.channels) channels")
    }
    inputShape = input
    self.norm = norm
    self.groups = groups
  }

  var outputShape: FeatureShape { inputShape }
  var backwardReadsInput: Bool { true }
  var detail: String {
    "size \(norm.size), alpha \(norm.alpha)\(norm.alphaOverN ? "/n" : ""), beta \(norm.beta), k \(norm.k)"
      + (groups > 1 ? ", groups \(groups)" : "")
  }

  /// The scale s = k + α Σ a² of every element.
  func auxiliaryBytes(batch: Int, training: Bool) -> Int {
    training ? batch * inputShape.count * MemoryLayout<Float>.stride : 0
  }

  func forward(_ operands: ForwardOperands) throws {
    try LocalResponseNormalization.forward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, output: operands.output,
      scale: operands.auxiliary?.assumingMemoryBound(to: Float.self), context: operands.context)
  }

  func backward(_ operands: BackwardOperands) throws {
    guard let inputGradient = operands.inputGradient else { return }
    try LocalResponseNormalization.backward(
      rows: operands.batch * inputShape.height * inputShape.width, channels: inputShape.channels, groups: groups,
      parameters: norm, input: operands.input, scale: operands.auxiliary.assumingMemoryBound(to: Float.self),
      outputGradient: operands.outputGradient, inputGradient: inputGradient, context: operands.context)
  }
}
