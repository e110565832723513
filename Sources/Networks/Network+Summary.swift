import Tensors

/// One row of a network's table.
public struct NodeSummary: Sendable {
  public let name: String
  public let kind: String
  public let detail: String
  /// The node it reads; empty for the input.
  public let input: String
  public let shape: FeatureShape
  public let parameterCount: Int
  /// Multiply-accumulates per image.
  public let macs: Int
}

extension Network {
  /// The input, then every node. If a net has towers, nodes that read both say so.
  public var summary: [NodeSummary] {
    let crossings = spec.hasTwoTowers ? Set(spec.crossings(towers: 2)) : []
    let data = NodeSummary(
      name: "data", kind: "input", detail: "", input: "", shape: spec.input, parameterCount: 0, macs: 0)
    let names = ["data"] + spec.nodes.map(\.name)
    return [data]
      + zip(spec.nodes, layers).enumerated().map { index, pair in
        let (node, layer) = pair
        return NodeSummary(
          name: node.name, kind: node.operation.kind,
          detail: [layer.detail, crossings.contains(node.name) ? "both towers" : "", int8Detail(index)]
            .filter { !$0.isEmpty }.joined(separator: ", "), input: names[index],
          shape: layer.outputShape, parameterCount: layer.parameters.reduce(0) { $0 + $1.count }, macs: layer.macs)
      }
  }
}
