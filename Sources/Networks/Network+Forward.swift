import Kernels
import Tensors

extension Network {
  /// Writes the network's input, NHWC float32 [batch][height][width][channels], where the engine wants it.
  public typealias InputWriter = (_ input: UnsafeMutablePointer<Float>, _ context: ComputeContext) throws -> Void

  /// Logits [batch][classes] of `batch` images, for inference: any number of threads at once.
  public func logits(
    batch: Int, input: InputWriter, into output: UnsafeMutablePointer<Float>
  ) throws {
    let last = logitsNode
    try usage.reading {
      try withExecution(batch: batch, last: last, observed: []) { execution in
        try input(execution.input, execution.context)
        try execution.forward(batch: batch, dropout: nil)
        output.update(from: execution.logits, count: batch * classCount)
      }
    }
  }

  /// Probabilities [batch][classes]: the softmax of the logits.
  public func probabilities(
    batch: Int, input: InputWriter, into output: UnsafeMutablePointer<Float>
  ) throws {
    let last = logitsNode
    try usage.reading {
      try withExecution(batch: batch, last: last, observed: []) { execution in
        try input(execution.input, execution.context)
        try execution.forward(batch: batch, dropout: nil)
        try SoftmaxCrossEntropy.softmax(
          rows: batch, classes: classCount, logits: execution.logits,
          probabilities: output, context: execution.context)
      }
    }
  }

  /// Logits of `x` [batch] × the input shape, in `layout`.
  public func forward(
    _ x: UnsafePointer<Float>, batch: Int, layout: TensorLayout, into output: UnsafeMutablePointer<Float>
  ) throws {
    try logits(batch: batch, input: reader(x, batch: batch, layout: layout), into: output)
  }

  /// The same, keeping what ``backward(_:batch:layout:accumulate:inputGradient:)`` needs. Has the network to
  /// itself. Dropout acts when `dropout` is given.
  public func forwardKeeping(
    _ x: UnsafePointer<Float>, batch: Int, layout: TensorLayout, dropout: DropoutKey?,
    into output: UnsafeMutablePointer<Float>
  ) throws {
    try usage.writing("forward") {
      let execution = try keptExecution(batch: batch)
      try runKept(execution, batch: batch, dropout: dropout, input: reader(x, batch: batch, layout: layout))
      output.update(from: execution.logits, count: batch * classCount)
    }
  }

  /// - Throws: ``EngineError/invalidValue(_:)`` unless `shape` is what the network takes.
  public func requireInput(_ shape: FeatureShape, operation: String) throws {
    guard shape == spec.input else {
      throw EngineError.invalidValue("\(operation): got images of \(shape), \(spec.name) takes \(spec.input)")
    }
  }

  package func reader(_ x: UnsafePointer<Float>, batch: Int, layout: TensorLayout) -> InputWriter {
    let shape = spec.input
    return { try layout.read(x, shape: shape, batch: batch, into: $0, context: $1) }
  }

  /// The execution that training uses, made again when a batch is larger than all before.
  package func keptExecution(batch: Int) throws -> Execution {
    if let kept, kept.plan.batchCapacity >= batch { return kept }
    kept = nil
    let execution = try makeExecution(batch: batch, last: logitsNode, observed: [], training: true)
    kept = execution
    return execution
  }

  /// A pass that failed half-way must not be continued backward: the execution is forgotten for that time.
  package func runKept(_ execution: Execution, batch: Int, dropout: DropoutKey?, input: InputWriter) throws {
    execution.isComplete = false
    try input(execution.input, execution.context)
    try execution.forward(batch: batch, dropout: dropout)
    execution.isComplete = true
  }
}
