import Kernels
import Parallel
import Tensors

extension Network {
  /// Writes the images `range` of a batch, NHWC float32 [range][height][width][channels], to the given pointer.
  public typealias InputWriter = (
    _ input: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ context: ComputeContext
  ) throws -> Void

  /// Logits [batch][classes] of `batch` images, for inference; any number of threads may call at once.
  public func logits(
    batch: Int, arithmetic: Arithmetic = Arithmetic(), input: InputWriter, into output: UnsafeMutablePointer<Float>
  ) throws {
    try withLogits(batch: batch, arithmetic: arithmetic, input: input) { execution in
      output.update(from: execution.result, count: batch * classCount)
    }
  }

  /// Probabilities [batch][classes]: the softmax of the logits.
  /// - Throws: ``EngineError/nonFinite(_:)`` for probabilities that are NaN, naming the parameter or node at fault.
  public func probabilities(
    batch: Int, arithmetic: Arithmetic = Arithmetic(), input: InputWriter, into output: UnsafeMutablePointer<Float>
  ) throws {
    try withLogits(batch: batch, arithmetic: arithmetic, input: input) { execution in
      let start = StepRecorder.start(recorder)
      try SoftmaxCrossEntropy.softmax(
        rows: batch, classes: classCount, logits: execution.result, probabilities: output,
        context: execution.context)
      recorder?.add(.loss, since: start)
      try requireFinite(
        output, count: batch, rowCount: classCount, of: "predict: a probability is", layers: layers, last: logitsNode,
        arithmetic: arithmetic, context: execution.context, input: input)
    }
  }

  /// Feature maps of a large batch are computed a few images at a time, so that their memory does not grow with the
  /// batch; the dense layers then read their weights once for the whole batch.
  private func withLogits(
    batch: Int, arithmetic: Arithmetic, input: InputWriter, _ body: (Execution) throws -> Void
  ) throws {
    let (last, chunk) = (logitsNode, imagesPerChunk)
    try usage.reading {
      guard let features = lastFeatureNode, features < last, batch > chunk else {
        return try withExecution(pass(0...last, arithmetic), batch: batch) { execution in
          try execution.writeInput(0..<batch, input)
          try execution.forward(batch: batch, dropout: nil)
          try body(execution)
        }
      }
      try withExecution(pass(features + 1...last, arithmetic), batch: batch) { classifier in
        try withExecution(pass(0...features, arithmetic), batch: chunk) { execution in
          for first in stride(from: 0, to: batch, by: chunk) {
            let images = first..<min(first + chunk, batch)
            try execution.writeInput(images, input)
            try execution.forward(batch: images.count, dropout: nil)
            try copyFeatures(images, from: execution, to: classifier)
          }
        }
        try classifier.forward(batch: batch, dropout: nil)
        try body(classifier)
      }
    }
  }

  /// Copies the features of a chunk's images to the classifier's input; in a rehearsal the context skips the copy.
  private func copyFeatures(_ images: Range<Int>, from features: Execution, to classifier: Execution) throws {
    let bytes = features.resultBytes
    let (source, target) = (features.rawResult, classifier.rawInput + images.lowerBound * bytes)
    try features.context.forEach(images.count) { image, _ in
      (target + image &* bytes).copyMemory(from: source + image &* bytes, byteCount: bytes)
    }
  }

  /// Enough that threads rarely wait for each other at the end of a layer.
  private var imagesPerChunk: Int { 40 * ((ThreadPool.shared.threadCount + 1) / 2) }

  /// The node before the first dense layer.
  private var lastFeatureNode: Int? {
    let dense = spec.nodes.firstIndex { $0.operation.spec is DenseSpec }
    return dense.flatMap { $0 > 0 ? $0 - 1 : nil }
  }

  /// Logits of `x` [batch] × the input shape, in `layout`.
  public func forward(
    _ x: UnsafePointer<Float>, batch: Int, layout: TensorLayout, arithmetic: Arithmetic = Arithmetic(),
    into output: UnsafeMutablePointer<Float>
  ) throws {
    try logits(batch: batch, arithmetic: arithmetic, input: reader(x, layout: layout), into: output)
  }

  /// The same, keeping what ``backward(_:batch:layout:accumulate:inputGradient:)`` needs. Needs exclusive use of the
  /// network. Dropout is active if `dropout` is given.
  public func forwardKeeping(
    _ x: UnsafePointer<Float>, batch: Int, layout: TensorLayout, dropout: DropoutKey?,
    arithmetic: Arithmetic = Arithmetic(), into output: UnsafeMutablePointer<Float>
  ) throws {
    try arithmetic.requireTrainable(operation: "forward")
    try usage.writing("forward") {
      let execution = try keptExecution(batch: batch, arithmetic: arithmetic)
      try runKept(execution, batch: batch, dropout: dropout) {
        try $0.writeInput(0..<batch, reader(x, layout: layout))
      }
      output.update(from: execution.result, count: batch * classCount)
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` unless `shape` is the network's input shape.
  public func requireInput(_ shape: FeatureShape, operation: String) throws {
    guard shape == spec.input else {
      throw EngineError.invalidValue("\(operation): got images of \(shape), \(spec.name) takes \(spec.input)")
    }
  }

  package func reader(_ x: UnsafePointer<Float>, layout: TensorLayout) -> InputWriter {
    reader(x, shape: spec.input, layout: layout)
  }

  /// The same for images of another size.
  func reader(_ x: UnsafePointer<Float>, shape: FeatureShape, layout: TensorLayout) -> InputWriter {
    { input, range, context in
      try layout.read(
        x + range.lowerBound * shape.count, shape: shape, batch: range.count, into: input, context: context)
    }
  }

  /// The execution that training uses, made anew for another pass or a larger batch than ever before.
  /// - Parameters:
  ///   - first: the first node to compute.
  ///   - reach: the first node whose parameters are trained, or an earlier one.
  package func keptExecution(
    batch: Int, arithmetic: Arithmetic, from first: Int = 0, reach: Int = 0
  ) throws -> Execution {
    let pass = Pass(
      nodes: first...logitsNode, input: layers[first].inputShape, arithmetic: arithmetic,
      backward: BackwardReach(first: reach, trains: true))
    if let kept, kept.plan.batchCapacity >= batch, kept.pass == pass { return kept }
    kept = nil
    let execution = try makeExecution(pass, layers: layers, batch: batch)
    kept = execution
    return execution
  }

  /// A pass that failed midway must not be followed by a backward pass: it stays marked incomplete.
  /// - Parameter fill: writes what the pass reads.
  package func runKept(
    _ execution: Execution, batch: Int, dropout: DropoutKey?, fill: (Execution) throws -> Void
  ) throws {
    execution.isComplete = false
    try fill(execution)
    try execution.forward(batch: batch, dropout: dropout)
    execution.isComplete = true
  }
}
