import CShims
import Imaging
import Kernels
import Networks
import Tensors

extension Network {
  /// Measures `repeats` training steps, or inference passes, on `batch` images that `input` writes.
  ///
  /// They run on a twin of this network with its own memory; this one does not change. The first pass, which allocates,
  /// is not counted.
  /// - Throws: ``EngineError/invalidValue(_:)`` for less than one repeat, and whatever the passes throw.
  public func profile(
    batch: Int, training: Bool, arithmetic: Arithmetic = Arithmetic(), repeats: Int = 5, input: @escaping InputWriter
  ) throws -> Profile {
    guard (1...Self.maximumRepeats).contains(repeats) else {
      throw EngineError.invalidValue("profile: got \(repeats) repeats, expected 1 to \(Self.maximumRepeats)")
    }
    if training { try arithmetic.requireTrainable(operation: "profile") }
    let recorder = StepRecorder()
    let twin = try recordedTwin(recorder)
    let pass =
      try training
      ? twin.trainingPass(batch: batch, arithmetic: arithmetic, input: input)
      : twin.inferencePass(batch: batch, arithmetic: arithmetic, input: input)
    try pass()
    var passes: [(seconds: Double, parts: [StepRecorder.Part: Double])] = []
    for _ in 0..<repeats {
      recorder.reset()
      let start = shim_seconds()
      try pass()
      passes.append((shim_seconds() - start, recorder.seconds))
    }
    let context = try twin.makeContext()
    let limits = Profile.Limits(
      operationsPerSecond: try arithmetic.precision.limit(context: context),
      bytesPerSecond: try MemoryBandwidth.measure(context: context))
    return twin.profile(passes, batch: batch, training: training, arithmetic: arithmetic, limits: limits)
  }

  /// The same on uint8 images [count][height][width][channels], as
  /// ``trainStep(images:count:height:width:labels:preprocessing:augmentation:options:)`` and prediction take them;
  /// without `augmentation`, inference is measured.
  public func profile(
    images: UnsafePointer<UInt8>, count: Int, height: Int, width: Int, preprocessing: Preprocessing,
    augmentation: Augmentation?, arithmetic: Arithmetic = Arithmetic(), repeats: Int = 5
  ) throws -> Profile {
    let channels = spec.input.channels
    try requireInput(
      FeatureShape(height: preprocessing.cropHeight, width: preprocessing.cropWidth, channels: channels),
      operation: "profile")
    return try profile(
      batch: count, training: augmentation != nil, arithmetic: arithmetic, repeats: repeats
    ) { input, range, _ in
      if let augmentation {
        try ImageInput.train(
          images: images + range.lowerBound * height * width * channels, count: range.count, height: height,
          width: width, channels: channels, preprocessing: preprocessing, augmentation: augmentation, seed: 0, step: 0,
          firstIndex: UInt64(range.lowerBound), output: input, pool: .shared)
      } else {
        try ImageInput.crops(
          images: images, count: count, height: height, width: width, channels: channels,
          preprocessing: preprocessing, views: .center, range: range, output: input,
          pool: .shared)
      }
    }
  }

  private static let maximumRepeats = 1000

  private func trainingPass(
    batch: Int, arithmetic: Arithmetic, input: @escaping InputWriter
  ) throws -> () throws -> Void {
    let labels = try AlignedBuffer<Int32>(count: batch, operation: "labels")
    for image in 0..<batch { labels.pointer[image] = Int32(image % classCount) }
    // A rate of 0 costs as much as any other, and the twin's weights stay as they are.
    let options = try StepOptions(
      learningRate: 0, momentum: 0, weightDecay: 0, seed: 0, step: 0, arithmetic: arithmetic)
    return {
      try withExtendedLifetime(labels) {
        _ = try self.trainStep(batch: batch, labels: labels.pointer, input: self.whitened(input), options: options)
      }
    }
  }

  private func inferencePass(
    batch: Int, arithmetic: Arithmetic, input: @escaping InputWriter
  ) throws -> () throws -> Void {
    let count = try Extent.product([batch, classCount], operation: "profile")
    let answers = try AlignedBuffer<Float>(count: count, operation: "probabilities")
    return {
      try withExtendedLifetime(answers) {
        try self.probabilities(
          batch: batch, arithmetic: arithmetic, input: self.whitened(input), into: answers.pointer)
      }
    }
  }

  private func profile(
    _ passes: [(seconds: Double, parts: [StepRecorder.Part: Double])], batch: Int, training: Bool,
    arithmetic: Arithmetic, limits: Profile.Limits
  ) -> Profile {
    func seconds(_ part: StepRecorder.Part) -> Double { median(passes.map { $0.parts[part] ?? 0 }) }
    func row(_ name: String, _ part: StepRecorder.Part, bytes: Int) -> Profile.Row {
      Profile.Row(
        name: name, kind: "", forwardSeconds: seconds(part), backwardSeconds: 0,
        forwardWork: Work(bytes: Double(bytes)), backwardWork: Work())
    }
    let steps = Set(
      passes.flatMap(\.parts.keys).compactMap { part in
        if case .forward(let nodes) = part { nodes } else { nil }
      }
    ).sorted { $0.lowerBound < $1.lowerBound }
    // The least traffic: a pixel is read and a value written; an update reads three values and writes two.
    var rows = [row("input", .input, bytes: 5 * batch * spec.input.count)]
    rows += steps.map { nodes in
      Profile.Row(
        name: spec.nodes[nodes].map(\.name).joined(separator: " + "), kind: spec.nodes[nodes.lowerBound].operation.kind,
        forwardSeconds: seconds(.forward(nodes)), backwardSeconds: seconds(.backward(nodes)),
        forwardWork: forwardWork(nodes, batch: batch, arithmetic: arithmetic, training: training),
        backwardWork: training ? backwardWork(nodes, batch: batch, precision: arithmetic.precision) : Work())
    }
    rows.append(row("loss", .loss, bytes: 8 * batch * classCount))
    if training { rows.append(row("update", .update, bytes: 20 * parameters.reduce(0) { $0 + $1.count })) }
    let whole = median(passes.map(\.seconds))
    let known = rows.reduce(0) { $0 + $1.forwardSeconds + $1.backwardSeconds }
    rows.append(
      Profile.Row(
        name: "other", kind: "", forwardSeconds: max(0, whole - known), backwardSeconds: 0, forwardWork: Work(),
        backwardWork: Work()))
    return Profile(batch: batch, training: training, seconds: whole, limits: limits, rows: rows)
  }
}

extension Precision {
  /// Operations per second that the machine reaches at best with the context's kernels.
  fileprivate func limit(context: ComputeContext) throws -> Double {
    switch self {
    case .float32: return try FMALimit.float32(context: context)
    case .bfloat16:
      guard let limit = try FMALimit.bfloat16(context: context) else {
        throw EngineError.unsupported("profile: got bfloat16, the instruction set in use is \(context.kernels.name)")
      }
      return limit
    case .int8: return try FMALimit.int8(context: context)
    }
  }
}

/// The middle of `values`, or the mean of the two in the middle; 0 if there are none.
private func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return 0 }
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
