import Kernels
import Parallel
import Tensors

/// The steps of a pass over a network and each tensor's place in one block of memory.
///
/// Time runs over the forward steps and then, if there is a backward pass, back over those that it reaches. A tensor
/// occupies its place from the step that writes it to the last step that reads it; tensors that are never alive at the
/// same time may share one. Offsets are for `batchCapacity` images and serve any smaller batch.
struct Plan: Sendable {
  struct Step: Sendable {
    let layer: TypedLayer
    /// The nodes that the step computes: several where they are fused.
    let nodes: ClosedRange<Int>
    let output: Place
    /// Of an output in bytes.
    let quantization: Quantization?
    let auxiliary: Place?
    /// Gradient of the step's output, in its precision, where the backward pass comes.
    let gradient: Place?
    /// Memory for one call, if the layer requested it.
    let forwardScratch: Place?
    let backwardScratch: Place?
  }

  /// Byte offset in the block.
  struct Place: Sendable {
    let offset: Int
  }

  let batchCapacity: Int
  /// Images, float32; for a plan that begins at a later node, the previous node's output in the plan's precision.
  let input: Place
  /// Images that `input` holds: all, or, if they are narrowed, few enough to stay in a cache until then.
  let inputCapacity: Int
  /// A copy of the images in the precision of the first step, if that differs.
  let narrowedInput: Place?
  /// Of what the first step reads, if that is bytes.
  let inputQuantization: Quantization?
  /// Gradient of the input in bfloat16, if the backward pass comes there in it.
  let narrowedInputGradient: Place?
  let steps: [Step]
  /// The first step that gradients are taken back through, if they are.
  let lowest: Int
  let byteCount: Int

  /// - Parameters:
  ///   - logits: the node whose output is float32 in any precision, as are all later ones.
  ///   - quantization: of all nodes, if the pass computes in bytes.
  init(
    layers: [any Layer], pass: Pass, logits: Int, batch: Int, quantization: NetworkQuantization? = nil
  ) throws {
    let (nodes, arithmetic) = (pass.nodes, pass.arithmetic)
    let precision = arithmetic.precision
    let fused = Self.fuse(layers, pass).map { layer, nodes in
      (layer: Self.typed(layer, arithmetic, nodes, logits: logits, quantization), nodes: nodes)
    }
    var arena = Arena()
    let lowest = pass.backward.map { reach in fused.firstIndex { $0.nodes.lowerBound >= reach.first } ?? fused.count }
    let end = lowest == nil ? fused.count : 2 * fused.count
    let trains = pass.backward?.trains ?? false
    let walks = { (step: Int) in lowest.map { step >= $0 && step < fused.count } ?? false }
    let backwardTime = { (step: Int) in 2 * fused.count - 1 - step }
    // Without training, gradients can be taken back again: nothing that they need is overwritten.
    let lastUse = { (step: Int) in trains ? backwardTime(step) : end }
    let backwardReadsInput = { (step: Int) in
      walks(step) && fused[step].layer.layer.backwardReadsInput(training: trains)
    }

    func bytes(_ shape: FeatureShape, _ precision: Precision, images: Int = batch) throws -> Int {
      try Extent.product([images, shape.count, precision.byteCount], operation: "activations")
    }

    let inputShape = layers[nodes.lowerBound].inputShape
    let firstInput = fused.first?.layer.input ?? .float32
    let isNarrowed = nodes.lowerBound == 0 && firstInput != .float32
    let inputEnd = backwardReadsInput(0) ? end : 0
    inputCapacity = isNarrowed ? min(batch, Self.imagesNarrowedAtOnce(inputShape)) : batch
    let inputTensor = arena.add(
      bytes: try bytes(inputShape, isNarrowed ? .float32 : precision, images: inputCapacity), from: 0,
      through: isNarrowed ? 0 : inputEnd)
    let narrowedTensor =
      isNarrowed ? arena.add(bytes: try bytes(inputShape, firstInput), from: 0, through: inputEnd) : nil
    let narrowedGradientTensor =
      isNarrowed && walks(0) ? arena.add(bytes: try bytes(inputShape, .bfloat16), from: end - 1, through: end) : nil

    let tensors = try fused.enumerated().map { index, part -> StepTensors in
      let layer = part.layer.layer
      let isObserved = pass.observed.contains(part.nodes.upperBound) || index == fused.count - 1
      var lastRead = min(index + 1, fused.count - 1)
      if isObserved { lastRead = trains ? fused.count - 1 : end }
      if walks(index) && layer.backwardReadsOutput { lastRead = max(lastRead, lastUse(index)) }
      if backwardReadsInput(index + 1) { lastRead = max(lastRead, lastUse(index + 1)) }
      let outputBytes = try bytes(layer.outputShape, part.layer.output)
      let memory = part.layer.memory(batch: batch, training: walks(index))
      func scratch(_ bytes: Int, at time: Int) -> Int? {
        bytes > 0 ? arena.add(bytes: bytes, from: time, through: time) : nil
      }
      return StepTensors(
        output: arena.add(bytes: outputBytes, from: index, through: lastRead),
        auxiliary: memory.auxiliary > 0
          ? arena.add(bytes: memory.auxiliary, from: index, through: walks(index) ? lastUse(index) : index) : nil,
        // Written by the backward pass of the next step (the last: by the caller), read by the step's own.
        gradient: lowest.map({ index >= (trains ? $0 : $0 - 1) }) ?? false
          ? arena.add(
            bytes: outputBytes, from: index == fused.count - 1 ? index : backwardTime(index + 1),
            through: backwardTime(index)) : nil,
        forwardScratch: scratch(memory.forwardScratch, at: index),
        backwardScratch: walks(index) ? scratch(memory.backwardScratch, at: backwardTime(index)) : nil)
    }

    let offsets = arena.place()
    let place = { (tensor: Int) in Place(offset: offsets[tensor]) }
    batchCapacity = batch
    input = place(inputTensor)
    narrowedInput = narrowedTensor.map(place)
    inputQuantization = firstInput == .int8 ? quantization?.input(of: nodes.lowerBound) : nil
    narrowedInputGradient = narrowedGradientTensor.map(place)
    steps = zip(fused, tensors).map { part, tensors in
      Step(
        layer: part.layer, nodes: part.nodes, output: place(tensors.output),
        quantization: part.layer.output == .int8 ? quantization?.outputs[part.nodes.upperBound] : nil,
        auxiliary: tensors.auxiliary.map(place),
        gradient: tensors.gradient.map(place), forwardScratch: tensors.forwardScratch.map(place),
        backwardScratch: tensors.backwardScratch.map(place))
    }
    self.lowest = lowest ?? 0
    byteCount = arena.byteCount
  }

  /// Few enough to stay in the L3 cache, and enough for all threads.
  private static func imagesNarrowedAtOnce(_ shape: FeatureShape) -> Int {
    max(2 * ThreadPool.shared.threadCount, (1 << 20) / shape.count)
  }

  /// Indices of a step's tensors in the arena.
  private struct StepTensors {
    let output: Int
    let auxiliary: Int?
    let gradient: Int?
    let forwardScratch: Int?
    let backwardScratch: Int?
  }

  static func typed(
    _ layer: any Layer, _ arithmetic: Arithmetic, _ nodes: ClosedRange<Int>, logits: Int,
    _ quantization: NetworkQuantization?
  ) -> TypedLayer {
    let last = nodes.upperBound
    if last > logits { return .float32(layer) }
    switch (arithmetic.precision, quantization) {
    case (.bfloat16, _): return TypedLayer(layer, isLogits: last == logits, arithmetic: arithmetic)
    case (.int8, let quantization?):
      return TypedLayer(
        layer, isLogits: last == logits, from: quantization.input(of: nodes.lowerBound),
        to: quantization.outputs[last])
    default: return .float32(layer)
    }
  }

  /// Joins each ReLU to the layer before it and, on request, a pooling to the response normalisation before it, unless
  /// the value between them is observed.
  private static func fuse(_ layers: [any Layer], _ pass: Pass) -> [(layer: any Layer, nodes: ClosedRange<Int>)] {
    let observed = pass.observed
    var parts: [(layer: any Layer, nodes: ClosedRange<Int>)] = []
    for index in pass.nodes {
      let layer = layers[index]
      if (layer as? ActivationLayer)?.function == .relu, let previous = parts.last, !observed.contains(index - 1),
        let fused = previous.layer.fusingReLU()
      {
        parts[parts.count - 1] = (fused, previous.nodes.lowerBound...index)
      } else if pass.backward.map({ index < $0.first }) ?? true, let pool = layer as? MaxPoolLayer,
        let norm = parts.last?.layer as? ResponseNormLayer,
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

  /// - Returns: the tensor's index in what ``place()`` returns.
  mutating func add(bytes: Int, from: Int, through: Int) -> Int {
    // Whole cache lines, and one more for kernels that read past the end.
    let line = AlignedBuffer<UInt8>.alignment
    tensors.append(Tensor(bytes: (bytes / line + 2) * line, from: from, through: max(from, through)))
    return tensors.count - 1
  }

  /// Byte offsets, one per tensor.
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
