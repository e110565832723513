import Kernels
import Networks
import Tensors

extension Network {
  /// One step of stochastic gradient descent: forward, mean cross-entropy over the batch, by `options.sampleWeights`,
  /// backward, update. Where those sum to 0, momentum and weight decay alone move the weights.
  ///
  /// Commits entirely or not at all: after an interrupt, a refused allocation, a loss or gradient that is not finite,
  /// or an update that would make a weight or velocity so, weights and velocities are as before. A step with a batch
  /// size seen before allocates nothing.
  /// - Parameters:
  ///   - labels: [batch], 0 ≤ label < classes.
  ///   - input: writes the batch, NHWC.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a label out of range and for rates or weights of images that do not
  ///   fit, ``EngineError/nonFinite(_:)``,
  ///   ``EngineError/concurrentUse(_:)``, ``EngineError/outOfMemory(_:)``, ``EngineError/interrupted``.
  public func trainStep(
    batch: Int, labels: UnsafePointer<Int32>, input: InputWriter, options: StepOptions
  ) throws -> StepResult {
    try trainStep(batch: batch, labels: labels, options: options, from: 0) { try $0.writeInput(0..<batch, input) }
  }

  /// The same from node `first` on, whose input `fill` writes.
  func trainStep(
    batch: Int, labels: UnsafePointer<Int32>, options: StepOptions, from first: Int,
    fill: (Execution) throws -> Void
  ) throws -> StepResult {
    try validate(labels: UnsafeBufferPointer(start: labels, count: batch), lowest: 0)
    let weights = try LossWeights(options.sampleWeights, rows: batch, operation: "train_step")
    return try usage.writing("train_step") {
      let hyperparameters = try options.hyperparameters(of: parameters)
      let (execution, credits) = try gradientsOfBatch(
        batch, labels: labels, weights: weights, share: nil, options: options, hyperparameters, from: first,
        fill: fill)
      let loss = weights.mean(try lossMemory(batch: batch).pointer)
      try update(options, hyperparameters, context: execution.context)
      let top1Error = 100 * (1 - credits.reduce(0, +) / Double(batch))
      return StepResult(loss: loss, top1Error: top1Error, weight: weights.total)
    }
  }

  /// Forward, loss and backward: the parameters' gradients hold those of the loss. With exclusive use.
  /// - Returns: the pass, whose context serves the update, and every image's credit for its class's rank: 1
  ///   if it comes first.
  func gradientsOfBatch(
    _ batch: Int, labels: UnsafePointer<Int32>, weights: LossWeights, share: BatchShare?, options: StepOptions,
    _ hyperparameters: [SGDHyperparameters?], from first: Int, fill: (Execution) throws -> Void
  ) throws -> (execution: Execution, credits: [Double]) {
    try options.arithmetic.requireTrainable(operation: "train_step")
    let reach = try firstTrained(hyperparameters, from: first)
    let execution = try keptExecution(batch: batch, arithmetic: options.arithmetic, from: first, reach: reach)
    try runKept(execution, batch: batch, dropout: options.dropout, fill: fill)
    // A rehearsal has nothing to rank, and a large batch would take seconds.
    let credits =
      execution.context.rehearses ? [] : top1Credits(UnsafePointer(execution.result), labels: labels, batch: batch)

    let losses = try lossMemory(batch: batch)
    if let images = share?.factorBatch {
      _ = try makeFactors(batch: images, precision: options.arithmetic.precision, from: reach)
    }
    try backwardKept(
      execution, parameterGradients: .replaced, shards: share?.shards,
      factorsFrom: share?.factorBatch == nil ? nil : share?.firstImage, inputGradient: nil
    ) { gradient in
      try SoftmaxCrossEntropy.forwardBackward(
        rows: batch, classes: classCount, logits: execution.result, labels: labels, weights: weights,
        logitsGradient: gradient, losses: losses.pointer, context: execution.context)
      try requireFinite(losses: losses, batch: batch, step: options.dropout.step, context: execution.context)
    }
    return (execution, credits)
  }

  func validate(labels: UnsafeBufferPointer<Int32>, lowest: Int32) throws {
    for (index, label) in labels.enumerated() where label < lowest || label >= classCount {
      throw EngineError.invalidValue(
        "train_step: label \(index) is \(label), expected \(lowest) ≤ label < \(classCount)")
    }
  }

  /// The first node with a parameter that is updated: gradients need not be taken further back.
  /// - Throws: ``EngineError/invalidValue(_:)`` if it lies before `first`, where the step begins.
  private func firstTrained(_ hyperparameters: [SGDHyperparameters?], from first: Int) throws -> Int {
    guard let number = hyperparameters.firstIndex(where: { $0 != nil }) else { return first }
    let node = node(ofParameter: number)
    guard node >= first else {
      throw EngineError.invalidValue(
        "train_step: \(parameters[number].name) is trained, but the step begins behind it with "
          + "\(spec.nodes[first].name): expected a learning rate of 0")
    }
    return node
  }

  private func top1Credits(_ logits: UnsafePointer<Float>, labels: UnsafePointer<Int32>, batch: Int) -> [Double] {
    (0..<batch).map { row in
      Ranking.credit(
        UnsafeBufferPointer(start: logits + row * classCount, count: classCount), label: Int(labels[row]), slots: 1)
    }
  }

  private func requireFinite(
    losses: AlignedBuffer<Float>, batch: Int, step: UInt64, context: ComputeContext
  ) throws {
    for row in 0..<batch where !losses.pointer[row].isFinite {
      let cause = try nonFiniteParameter(context: context) ?? "all weights are finite, try a lower learning rate"
      throw EngineError.nonFinite(
        "train_step: the loss of image \(row) is \(losses.pointer[row].inWords) in step \(step); nothing was updated: \(cause)"
      )
    }
  }

  /// Checks and prepares everything first; from the first changed weight on, nothing can fail.
  func update(
    _ options: StepOptions, _ hyperparameters: [SGDHyperparameters?], context: ComputeContext
  ) throws {
    let start = StepRecorder.start(recorder)
    try commit(try updates(options, hyperparameters, context: context), context: context)
    recorder?.add(.update, since: start)
  }

  func updates(
    _ options: StepOptions, _ hyperparameters: [SGDHyperparameters?], context: ComputeContext
  ) throws -> [ParameterUpdate] {
    try zip(parameters, hyperparameters).compactMap { parameter, hyperparameters in
      try hyperparameters.map {
        try ParameterUpdate(parameter, rule: options.rule, $0, step: options.dropout.step, context: context)
      }
    }
  }

  func commit(_ updates: [any PreparedUpdate], context: ComputeContext) throws {
    for update in updates { try update.commit(context: context) }
    forgetStaleWeights()
  }
}
