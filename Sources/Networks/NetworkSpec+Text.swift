import Tensors

/// The text form of a specification, one node per line. It crosses the C boundary and is stored in saved models:
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
    lines += nodes.map { "\($0.operation.kind) \($0.name)\($0.operation.spec.fields)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` naming the line.
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
      default: nodes.append(NodeSpec(try fields.name(), try NodeOperation(kind: kind, &fields)))
      }
      try fields.finish()
    }
    guard let name, let input else {
      throw EngineError.invalidValue("specification: expected a line 'network NAME' and a line 'data …'")
    }
    self.init(name: name, input: input, nodes: nodes)
  }
}
