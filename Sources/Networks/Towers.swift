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
  public enum Source: Hashable, Sendable {
    case image
    /// The whole feature map: the towers' outputs of the previous segment, side by side (``TowerExchange``).
    case exchanged
    /// This tower's output of the previous segment.
    case own
  }

  public let source: Source
  public let spec: NetworkSpec
  /// The output channels that belong to this tower: all of them, except after a norm whose window spans towers, which
  /// is computed for the whole map.
  public let channels: Range<Int>
}

/// Feature maps of the towers, [pixels][channels] each.
public enum TowerExchange {
  /// Puts the towers' channels side by side.
  public static func join(
    _ parts: [UnsafePointer<Float>], pixels: Int, channels: Int, into whole: UnsafeMutablePointer<Float>
  ) {
    for pixel in 0..<pixels {
      for (tower, part) in parts.enumerated() {
        (whole + (pixel * parts.count + tower) * channels).update(from: part + pixel * channels, count: channels)
      }
    }
  }

  /// Takes some channels of every pixel.
  public static func take(
    _ range: Range<Int>, of whole: UnsafePointer<Float>, pixels: Int, channels: Int,
    into part: UnsafeMutablePointer<Float>
  ) {
    for pixel in 0..<pixels {
      (part + pixel * range.count).update(from: whole + (pixel * channels + range.lowerBound), count: range.count)
    }
  }
}

extension Network {
  /// Fills this network, built from a segment of `tower`, with that tower's part of the whole network's parameters.
  /// - Throws: ``EngineError/invalidValue(_:)`` when the layers are not parts of the whole network's.
  public func copyParameters(tower: Int, from whole: Network) throws {
    for (node, layer) in zip(spec.nodes, layers) where !layer.parameters.isEmpty {
      let wholeLayer = whole.layers[try whole.node(named: node.name)]
      let (part, all) = (layer.outputShape.channels, wholeLayer.outputShape.channels)
      let first = part == all ? 0 : tower * part
      guard all.isMultiple(of: part), first + part <= all,
        layer.parameters.map({ $0.count / part }) == wholeLayer.parameters.map({ $0.count / all })
      else {
        throw EngineError.invalidValue("\(spec.name): \(node.name) is not a part of \(whole.spec.name)'s")
      }
      // The outputs are the fastest axis of every parameter.
      for (mine, theirs) in zip(layer.parameters, wholeLayer.parameters) {
        let values = mine.borrowValues()
        defer { mine.giveBackValues() }
        TowerExchange.take(
          first..<first + part, of: theirs.value.pointer, pixels: theirs.count / all, channels: all, into: values)
      }
    }
  }
}

/// How a node is divided among towers.
struct TowerCut {
  let node: String
  let towers: Int
  /// Whether the tower has its own part of what the node reads.
  let isDivided: Bool

  /// Each tower's part of the node's channels.
  func share(of channels: Int) throws -> Int {
    guard channels.isMultiple(of: towers) else {
      throw EngineError.invalidValue(
        "cut: \(node) has \(channels) channels, expected a multiple of \(towers) towers")
    }
    return channels / towers
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
  /// Whether each tower has its own part of what the next node reads; before the first layer all have the image.
  private var isDivided = false

  init(spec: NetworkSpec, tower: Int, towers: Int) {
    self.spec = spec
    self.tower = tower
    self.towers = towers
    input = spec.input
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
        open(.exchanged, input: whole)
        isDivided = false
      }
      if index == last {
        guard tower == 0 else { return nodes.isEmpty ? () : try close() }
        nodes += spec.nodes[index...]
        return try close()
      }
      let cut = TowerCut(node: node.name, towers: towers, isDivided: isDivided)
      nodes.append(NodeSpec(node.name, NodeOperation(try node.operation.spec.part(cut))))
      if node.operation.spec.isWeighted {
        isDivided = true
      } else if crossings.contains(node.name) {
        // A window across towers: computed for the whole map, of which the tower keeps its part.
        let width = try cut.share(of: whole.channels)
        try close(keeping: tower * width..<(tower + 1) * width)
        open(.own, input: FeatureShape(height: whole.height, width: whole.width, channels: width))
        isDivided = true
      }
    }
    try close()
  }

  private mutating func open(_ source: TowerSegment.Source, input: FeatureShape) {
    self.source = source
    self.input = input
  }

  private mutating func close(keeping channels: Range<Int>? = nil) throws {
    guard let first = nodes.first else { return }
    let name = "\(spec.name)/\(tower)/\(first.name)"
    let segment = NetworkSpec(name: name, input: input, nodes: nodes)
    let all = try segment.outputShapes().last?.channels ?? 0
    done.append(TowerSegment(source: source, spec: segment, channels: channels ?? 0..<all))
    nodes = []
  }
}
