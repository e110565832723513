import Tensors

/// The steps of a pass over a network and where in one block of memory each tensor lies.
///
/// Time runs over the forward steps and, in training, back over the backward steps. A tensor occupies its
/// place from the step that writes it to the last step that reads it; tensors that never live at the same
/// time may share a place. Offsets are for `batchCapacity` images and serve any smaller batch.
struct Plan: Sendable {
  struct Step: Sendable {
    let layer: any Layer
    /// The nodes that the step computes: several where they are fused.
    let nodes: ClosedRange<Int>
    let output: Place
    let auxiliary: Place?
    /// Gradient of the step's output; training only.
    let gradient: Place?
  }

  /// Byte offset in the block.
  struct Place: Sendable {
    let offset: Int
  }

  /// The nodes of the network that the plan computes.
  let nodes: ClosedRange<Int>
  let batchCapacity: Int
  let training: Bool
  let input: Place
  let steps: [Step]
  let byteCount: Int

  /// - Parameters:
  ///   - nodes: what is computed, from the node that reads the input on.
  ///   - observed: nodes whose own output the caller wants to see: they are computed unfused and kept.
  init(layers: [any Layer], nodes: ClosedRange<Int>, observed: Set<Int>, batch: Int, training: Bool) throws {
    let fused = Self.fuse(layers, nodes, observed: observed, training: training)
    var arena = Arena()
    let end = training ? 2 * fused.count : fused.count
    let backwardTime = { (step: Int) in 2 * fused.count - 1 - step }

    func floats(_ shape: FeatureShape) throws -> Int {
      try Extent.product([batch, shape.count], operation: "activations") * MemoryLayout<Float>.stride
    }

    let firstReadsInput = training && (fused.first?.layer.backwardReadsInput ?? false)
    let inputTensor = arena.add(
      bytes: try floats(layers[nodes.lowerBound].inputShape), from: 0, through: firstReadsInput ? end : 0)

    let tensors = try fused.enumerated().map { index, part -> (output: Int, auxiliary: Int?, gradient: Int?) in
      let isObserved = observed.contains(part.nodes.upperBound) || index == fused.count - 1
      let nextReads = index + 1 < fused.count && fused[index + 1].layer.backwardReadsInput
      var lastRead = isObserved ? fused.count - 1 : min(index + 1, fused.count - 1)
      if training && part.layer.backwardReadsOutput { lastRead = backwardTime(index) }
      if training && nextReads { lastRead = max(lastRead, backwardTime(index + 1)) }
      let output = arena.add(bytes: try floats(part.layer.outputShape), from: index, through: lastRead)

      let auxiliaryBytes = part.layer.auxiliaryBytes(batch: batch, training: training)
      let auxiliary =
        auxiliaryBytes > 0
        ? arena.add(bytes: auxiliaryBytes, from: index, through: training ? backwardTime(index) : index) : nil
      // Written by the backward pass of the next step (the last: by the caller), read by the step's own.
      let gradient =
        training
        ? arena.add(
          bytes: try floats(part.layer.outputShape),
          from: index == fused.count - 1 ? index : backwardTime(index + 1), through: backwardTime(index)) : nil
      return (output, auxiliary, gradient)
    }

    let offsets = arena.place()
    self.nodes = nodes
    batchCapacity = batch
    self.training = training
    input = Place(offset: offsets[inputTensor])
    steps = zip(fused, tensors).map { part, tensor in
      Step(
        layer: part.layer, nodes: part.nodes, output: Place(offset: offsets[tensor.output]),
        auxiliary: tensor.auxiliary.map { Place(offset: offsets[$0]) },
        gradient: tensor.gradient.map { Place(offset: offsets[$0]) })
    }
    byteCount = arena.byteCount
  }

  /// Joins each ReLU to the layer before it, and in inference a pooling to the response normalisation before it, unless
  /// somebody wants to see what lies between them.
  private static func fuse(
    _ layers: [any Layer], _ nodes: ClosedRange<Int>, observed: Set<Int>, training: Bool
  ) -> [(layer: any Layer, nodes: ClosedRange<Int>)] {
    var parts: [(layer: any Layer, nodes: ClosedRange<Int>)] = []
    for index in nodes {
      let layer = layers[index]
      if (layer as? ActivationLayer)?.function == .relu, let previous = parts.last, !observed.contains(index - 1),
        let fused = previous.layer.fusingReLU()
      {
        parts[parts.count - 1] = (fused, previous.nodes.lowerBound...index)
      } else if !training, let pool = layer as? MaxPoolLayer, let norm = parts.last?.layer as? ResponseNormLayer,
        !observed.contains(index - 1)
      {
        parts[parts.count - 1] = (ResponseNormPoolLayer(norm: norm, pool: pool), index - 1...index)
      } else {
        parts.append((layer, index...index))
      }
    }
    return parts
  }
}

/// First-fit placement of tensors by size, the largest first; tensors alive at the same time never overlap.
struct Arena {
  private struct Tensor {
    let bytes: Int
    let from: Int
    let through: Int
  }

  private var tensors: [Tensor] = []
  private(set) var byteCount = 0

  /// - Returns: the tensor's number, its index in what ``place()`` returns.
  mutating func add(bytes: Int, from: Int, through: Int) -> Int {
    // Whole cache lines, and one more for kernels that read past the end.
    let line = AlignedBuffer<UInt8>.alignment
    tensors.append(Tensor(bytes: (bytes / line + 2) * line, from: from, through: max(from, through)))
    return tensors.count - 1
  }

  /// Byte offsets, one a tensor.
  mutating func place() -> [Int] {
    var offsets = [Int](repeating: 0, count: tensors.count)
    var placed: [Int] = []
    let bySize = tensors.indices.sorted { (tensors[$0].bytes, $1) > (tensors[$1].bytes, $0) }
    for index in bySize {
      let tensor = tensors[index]
      let neighbours =
        placed
        .filter { tensors[$0].from <= tensor.through && tensor.from <= tensors[$0].through }
        .sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for neighbour in neighbours {
        if offset + tensor.bytes <= offsets[neighbour] { break }
        offset = max(offset, offsets[neighbour] + tensors[neighbour].bytes)
      }
      offsets[index] = offset
      placed.append(index)
      byteCount = max(byteCount, offset + tensor.bytes)
    }
    return offsets
  }
}
