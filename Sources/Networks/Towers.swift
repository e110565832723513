import Tensors

/// A network cut into towers, as its authors ran it on two GPUs (Krizhevsky et al. 2012, section 3.5): every feature
/// map is divided by channels, tower t owning the t-th part, and towers communicate only where one reads another's
/// channels.
///
/// Every tower gets the image. The last layer and the softmax are computed by tower 0 alone, over their whole input:
/// the softmax needs all logits anyway, the layer is a small part of the work, and any number of classes fits.
///
/// With the engine's kernels, towers compute the same bits as the whole network. With OpenBLAS the order of sums in
/// dense layers also depends on the number of outputs, so the last bits differ.
extension NetworkSpec {
  /// The nodes that read channels computed by another tower.
  public func crossings(towers: Int) -> [String] {
    guard let first = nodes.firstIndex(where: \.operation.spec.isWeighted) else { return [] }
    return nodes[(first + 1)...].enumerated().compactMap { place, node in
      let index = first + 1 + place
      if index == lastWeightedNode { return node.name }
      return index < lastWeightedNode ?? 0 && node.operation.spec.crosses(towers: towers) ? node.name : nil
    }
  }

  /// Whether some convolution separates two towers.
  var hasTwoTowers: Bool {
    nodes.contains { node in
      (node.operation.spec as? ConvolutionSpec)?.groups.isMultiple(of: 2) ?? false
    }
  }

  /// What one tower computes between exchanges.
  /// - Throws: ``EngineError/invalidValue(_:)`` when a layer cannot be divided by the number of towers.
  public func cut(tower: Int, of towers: Int) throws -> [TowerSegment] {
    guard towers >= 1, (0..<towers).contains(tower) else {
      throw EngineError.invalidValue("cut: got tower \(tower) of \(towers), expected 0 ≤ tower < towers")
    }
    return try TowerCutter(spec: self, tower: tower, towers: towers).segments()
  }
}

/// A chain of nodes that one tower computes without communicating with the others.
public struct TowerSegment: Hashable, Sendable {
  public enum Source: String, Hashable, Sendable {
    case image
    /// Channels of the whole feature map, which is the towers' outputs of the previous segment, side by side
    /// (``TowerExchange``).
    case exchanged
    /// This tower's output of the previous segment.
    case own
  }

  public let source: Source
  /// The channels of the whole map that the segment reads: all of them before a layer that reads both towers; before a
  /// norm whose window spans towers, the tower's own and as many at their border as the window reaches.
  public let reads: Range<Int>
  public let spec: NetworkSpec
  /// The output channels that belong to this tower: all of them, except after a norm whose window spans towers, whose
  /// outputs at the border are wrong for lack of further channels.
  public let channels: Range<Int>
}

/// A cut as text, for callers behind the C boundary: for each segment a line of its fields, then its specification.
///
///     segment source=exchanged reads=0,50 channels=0,48
///
/// Ranges are their first number and the one after their last.
extension [TowerSegment] {
  public var text: String {
    func text(_ range: Range<Int>) -> String { "\(range.lowerBound),\(range.upperBound)" }
    return map {
      "segment source=\($0.source.rawValue) reads=\(text($0.reads)) channels=\(text($0.channels))\n\($0.spec.text)"
    }.joined()
  }
}

/// How a node is divided among towers.
struct TowerCut {
  let node: String
  let tower: Int
  let towers: Int
  /// Whether the tower has its own part of what the node reads.
  let isDivided: Bool
  /// Of the whole map that the node reads.
  let channels: Int

  /// Each tower's part of the node's channels.
  func share(of channels: Int) throws -> Int {
    guard channels.isMultiple(of: towers) else {
      throw EngineError.invalidValue(
        "cut: \(node) has \(channels) channels, expected a multiple of \(towers) towers")
    }
    return channels / towers
  }

  /// The tower's own channels of the map that the node reads.
  func own() throws -> Range<Int> {
    let width = try share(of: channels)
    return tower * width..<(tower + 1) * width
  }
}

/// Walks a specification and closes a segment before each crossing.
private struct TowerCutter {
  let spec: NetworkSpec
  let tower: Int
  let towers: Int
  private var done: [TowerSegment] = []
  private var nodes: [NodeSpec] = []
  private var source = TowerSegment.Source.image
  private var input: FeatureShape
  private var reads = 0..<0
  /// The dropout layers so far.
  private var dropouts = 0
  /// Whether each tower has its own part of what the next node reads; before the first layer all have the image.
  private var isDivided = false

  init(spec: NetworkSpec, tower: Int, towers: Int) {
    self.spec = spec
    self.tower = tower
    self.towers = towers
    input = spec.input
    reads = 0..<input.channels
  }

  func segments() throws -> [TowerSegment] {
    var cutter = self
    try cutter.walk()
    return cutter.done
  }

  private mutating func walk() throws {
    let crossings = Set(spec.crossings(towers: towers))
    let inputs = [spec.input] + (try spec.outputShapes())
    let last = spec.lastWeightedNode
    for (index, (node, whole)) in zip(spec.nodes, inputs).enumerated() {
      if crossings.contains(node.name) {
        try close()
        open(.exchanged, whole, reads: try node.operation.spec.reads(cut(node, whole)))
        isDivided = false
      }
      if index == last {
        guard tower == 0 else { return nodes.isEmpty ? () : try close() }
        nodes.append(node)
        isDivided = false
        for rest in spec.nodes[(index + 1)...] { nodes.append(try part(of: rest, whole)) }
        return try close()
      }
      nodes.append(try part(of: node, whole))
      if node.operation.spec.isWeighted {
        isDivided = true
      } else if crossings.contains(node.name) {
        // A window across towers: of what is computed, the tower keeps its own channels.
        let own = try cut(node, whole).own()
        try close(keeping: own.lowerBound - reads.lowerBound..<own.upperBound - reads.lowerBound)
        open(.own, whole, reads: own)
        isDivided = true
      }
    }
    try close()
  }

  private func cut(_ node: NodeSpec, _ whole: FeatureShape) -> TowerCut {
    TowerCut(node: node.name, tower: tower, towers: towers, isDivided: isDivided, channels: whole.channels)
  }

  private mutating func part(of node: NodeSpec, _ whole: FeatureShape) throws -> NodeSpec {
    let cut = cut(node, whole)
    guard let dropout = node.operation.spec as? DropoutSpec else {
      return NodeSpec(node.name, NodeOperation(try node.operation.spec.part(cut)))
    }
    dropouts += 1
    return NodeSpec(node.name, NodeOperation(try dropout.part(cut, number: dropouts)))
  }

  private mutating func open(_ source: TowerSegment.Source, _ whole: FeatureShape, reads: Range<Int>) {
    self.source = source
    self.reads = reads
    input = FeatureShape(height: whole.height, width: whole.width, channels: reads.count)
  }

  private mutating func close(keeping channels: Range<Int>? = nil) throws {
    guard let first = nodes.first else { return }
    let name = "\(spec.name)/\(tower)/\(first.name)"
    let segment = NetworkSpec(name: name, input: input, nodes: nodes)
    let all = try segment.outputShapes().last?.channels ?? 0
    done.append(TowerSegment(source: source, reads: reads, spec: segment, channels: channels ?? 0..<all))
    nodes = []
  }
}
