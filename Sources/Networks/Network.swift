import CShims
import Kernels
import Parallel
import Synchronization
import Tensors

/// A specification with parameters and planned memory: computes forward and backward passes.
///
/// Inference may run on many threads at once; a pass that keeps activations for backward, and a training step, need
/// exclusive use (see ``UsageLock``).
public final class Network: @unchecked Sendable {
  public let spec: NetworkSpec
  let layers: [any Layer]
  package let usage = UsageLock()
  public let gradientMemory: GradientMemory
  /// Shared by all executions of inference.
  let weightCache = WeightCache()
  /// Changed by writers only, and read by any thread.
  let quantizationBox = Mutex<Calibrated?>(nil)
  /// Idle executions for inference, the most recently used last.
  private let idle = Mutex<[Execution]>([])
  /// The execution of the last kept forward pass. Guarded by `usage`.
  package var kept: Execution?
  /// Memory for the input's gradient, once requested. Guarded by `usage`.
  var inputGradient: AlignedBuffer<Float>?
  /// Of the last batch whose dense layers were given as factors. Read by other threads during a pass.
  private let lastFactors = Mutex<DenseFactors?>(nil)
  /// Applied to images before the first layer. Guarded by `usage`.
  var whitening: Whitening?
  /// Set before any computation, on a twin that is profiled.
  package var recorder: StepRecorder?
  /// Updates that have been checked and wait for their commit; nil if there are none. Guarded by `usage`.
  package var prepared: [any PreparedUpdate]?
  /// One loss per image. Guarded by `usage`.
  private var losses: AlignedBuffer<Float>?

  package let makeContext: @Sendable () throws -> ComputeContext

  /// - Throws: ``EngineError/invalidValue(_:)`` naming the node that refuses its input,
  ///   ``EngineError/outOfMemory(_:)``.
  public convenience init(spec: NetworkSpec, initialization: Initialization, seed: UInt64) throws {
    try self.init(spec: spec, initialization: initialization, seed: seed) { try ComputeContext() }
  }

  /// The same with contexts chosen by the caller, for comparing kernel tables.
  package convenience init(
    spec: NetworkSpec, initialization: Initialization, seed: UInt64,
    makeContext: @escaping @Sendable () throws -> ComputeContext
  ) throws {
    try self.init(spec: spec, makeContext: makeContext)
    try initialization.fill(parameters: parameters, hiddenDense: hiddenDenseNodes, seed: seed)
  }

  /// The same with zero weights.
  package init(spec: NetworkSpec, makeContext: @escaping @Sendable () throws -> ComputeContext) throws {
    self.spec = spec
    self.makeContext = makeContext
    layers = try spec.makeLayers()
    let inOrder = layers.flatMap(\.parameters).reversed()
    gradientMemory = GradientMemory(counts: inOrder.map(\.count))
    for (place, parameter) in inOrder.enumerated() { parameter.setGradientMemory(gradientMemory, place: place) }
  }

  public var parameters: [Parameter] { layers.flatMap(\.parameters) }

  /// The node of one of ``parameters``, by its number.
  package func node(ofParameter number: Int) -> Int {
    var before = 0
    return layers.firstIndex { layer in
      before += layer.parameters.count
      return number < before
    } ?? layers.count - 1
  }

  /// Frees packed weights that a change has made stale.
  package func forgetStaleWeights() { weightCache.removeStale(of: parameters) }

  /// The last node before the softmax: its outputs are the logits.
  public var logitsNode: Int { spec.nodes.last?.operation == .softmax ? max(0, layers.count - 2) : layers.count - 1 }

  /// Logits per image: the number of classes.
  public var classCount: Int { layers[logitsNode].outputShape.count }

  /// Kinds of nodes that a network with classes may end with.
  private static let classifyingKinds: Set = [
    "softmax", "dense", "convolution", "locally_connected", "average_pool", "adaptive_average_pool",
  ]

  /// Whether the network ends with a number for each class, and not with maps or hidden units.
  package var hasClasses: Bool {
    guard let last = spec.nodes.last, let output = layers.last?.outputShape else { return false }
    return (output.height, output.width) == (1, 1) && Self.classifyingKinds.contains(last.operation.kind)
  }

  /// How often each parameter has been written; nil for one that somebody may be writing.
  package var parameterChanges: [Int?] { parameters.map(\.revision.current) }

  package internal(set) var factors: DenseFactors? {
    get { lastFactors.change { $0 } }
    set { lastFactors.change { $0 = newValue } }
  }

  /// Memory for the losses of `batch` images, kept for the next step.
  package func lossMemory(batch: Int) throws -> AlignedBuffer<Float> {
    if let losses, losses.count >= batch { return losses }
    let memory = try AlignedBuffer<Float>(count: batch, operation: "losses")
    losses = memory
    return memory
  }

  /// The dense layers before the last one; a convolution over the whole map counts as one.
  private var hiddenDenseNodes: Set<String> {
    let dense = zip(spec.nodes, layers).filter { node, layer in
      node.operation.spec is DenseSpec || node.operation.coversMap(layer.inputShape)
    }
    return Set(dense.dropLast().map { $0.0.name })
  }

  /// Keeps others from training the network or, with `writing`, from using it at all, while its parameters are read or
  /// written from outside.
  /// - Returns: the thread, to be passed to ``letGo(_:writing:)`` at the end.
  /// - Throws: ``EngineError/concurrentUse(_:)`` if this thread already uses the network, and for a second writer.
  package func hold(_ operation: String, writing: Bool) throws -> pthread_t {
    try writing ? usage.beginWriting(operation) : usage.beginReading(operation)
  }

  package func letGo(_ thread: pthread_t, writing: Bool) {
    if writing { usage.endWriting(thread) } else { usage.endReading(thread) }
  }

  /// Sets the factors on one parameter's learning rate and weight decay; rate 0 freezes it.
  /// - Throws: ``EngineError/invalidValue(_:)`` unless both are finite and ≥ 0,
  ///   ``EngineError/concurrentUse(_:)`` during a training step.
  public func setMultipliers(of parameter: Parameter, rate: Float, decay: Float) throws {
    guard rate.isFinite, rate >= 0, decay.isFinite, decay >= 0 else {
      throw EngineError.invalidValue(
        "multipliers of \(parameter.name): got rate \(rate) and decay \(decay), expected finite numbers ≥ 0")
    }
    try usage.writing("set_multipliers") {
      parameter.rateMultiplier = rate
      parameter.decayMultiplier = decay
    }
  }

  /// The node with that name.
  /// - Throws: ``EngineError/invalidValue(_:)`` listing the known names.
  public func node(named name: String, operation: String? = nil) throws -> Int {
    if let index = spec.nodes.firstIndex(where: { $0.name == name }) { return index }
    throw EngineError.invalidValue(
      "\(operation ?? spec.name): there is no node '\(name)', expected one of "
        + spec.nodes.map(\.name).joined(separator: ", "))
  }

  /// Inference with the network's own layers.
  func pass(_ nodes: ClosedRange<Int>, _ arithmetic: Arithmetic) -> Pass {
    Pass(nodes: nodes, input: layers[nodes.lowerBound].inputShape, arithmetic: arithmetic)
  }

  /// Runs `body` with an execution of a pass that does not train, for at least `batch` images; executions are reused.
  func withExecution<Result>(_ pass: Pass, batch: Int, _ body: (Execution) throws -> Result) throws -> Result {
    let execution = try takeExecution(pass, layers: layers, batch: batch)
    defer { putBack(execution) }
    return try body(execution)
  }

  /// An idle execution or a new one; it is given back with ``putBack(_:)``.
  /// - Parameter layers: the network's own, or those for another input size.
  func takeExecution(_ pass: Pass, layers: [any Layer], batch: Int) throws -> Execution {
    try takeIdle(pass, batch: batch) ?? makeExecution(pass, layers: layers, batch: batch)
  }

  func makeExecution(_ pass: Pass, layers: [any Layer], batch: Int) throws -> Execution {
    guard batch >= 1 else { throw EngineError.invalidValue("\(spec.name): got a batch of \(batch) images") }
    let context = try makeContext()
    try pass.arithmetic.requireSupported(by: context, operation: spec.name)
    let quantization = try requiredQuantization(pass.arithmetic)
    return try Execution(
      pass: pass,
      plan: Plan(layers: layers, pass: pass, logits: logitsNode, batch: batch, quantization: quantization),
      weightCache: pass.backward?.trains ?? false ? nil : weightCache, context: context, recorder: recorder)
  }

  private func takeIdle(_ pass: Pass, batch: Int) -> Execution? {
    idle.change { idle in
      let isSameWork = { (execution: Execution) in execution.pass == pass }
      if let index = idle.lastIndex(where: { isSameWork($0) && $0.plan.batchCapacity >= batch }) {
        return idle.remove(at: index)
      }
      // A larger batch than ever: smaller blocks for the same work would only waste memory beside the new one.
      idle.removeAll(where: isSameWork)
      return nil
    }
  }

  /// Kinds of work in one arithmetic whose executions are kept idle; the one idle longest gives way to a new one.
  private static let maximumIdleKinds = 4

  /// Puts back the execution of a pass that a caller has kept. Callers may hold any number of them, so one of a kind stays
  /// idle, the one for the largest batch.
  func putBackOne(_ execution: Execution) {
    let others = idle.change { idle in
      idle.removeAll { $0.pass == execution.pass && $0.plan.batchCapacity <= execution.plan.batchCapacity }
      return idle.contains { $0.pass == execution.pass }
    }
    if !others { putBack(execution) }
  }

  func putBack(_ execution: Execution) {
    idle.change { idle in
      idle.append(execution)
      var kinds: [Pass] = []
      for pass in idle.reversed().map(\.pass) where pass.arithmetic == execution.pass.arithmetic {
        if !kinds.contains(pass) { kinds.append(pass) }
      }
      if kinds.count > Self.maximumIdleKinds, let outgrown = kinds.last { idle.removeAll { $0.pass == outgrown } }
      if idle.count > ThreadPool.maximumThreadCount { idle.removeFirst() }
    }
  }

  /// Bytes of the activations that the network holds: for inference, and for the last kept forward pass.
  package var activationBytes: Int {
    idle.withLock { idle in idle.reduce(kept?.plan.byteCount ?? 0) { $0 + $1.plan.byteCount } }
  }

  /// Frees all memory except that of parameters, their gradients and velocities; the next pass allocates its own anew.
  /// A kept forward pass is dropped. Waits for inference on other threads to end, and cannot be interrupted meanwhile.
  /// - Throws: ``EngineError/concurrentUse(_:)`` during a training step.
  public func releaseMemory() throws {
    try usage.writing("release_memory") {
      kept = nil
      prepared = nil
      inputGradient = nil
      factors = nil
      losses = nil
      whitening?.releaseMemory()
      weightCache.removeAll()
      forgetIdle()
    }
  }

  func forgetIdle() { idle.change { $0 = [] } }
}

/// A parameter's update that can no longer fail.
package protocol PreparedUpdate: Sendable {
  func commit(context: ComputeContext) throws
}
