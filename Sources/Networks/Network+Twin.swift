import Tensors

extension Network {
  /// A network with the same specification, the same factors on rates and decays, zero weights and its own memory, for
  /// work that must leave this one unchanged.
  package func twin() throws -> Network {
    let twin = try Network(spec: spec, makeContext: makeContext)
    try usage.reading {
      for (target, source) in zip(twin.parameters, parameters) {
        target.rateMultiplier = source.rateMultiplier
        target.decayMultiplier = source.decayMultiplier
      }
      twin.whitening = try whitening.map { try Whitening(size: $0.size) }
      try twin.setQuantization(quantization)
    }
    return twin
  }

  /// A twin with these weights and this whitening that reports the time of its passes to `recorder`.
  package func recordedTwin(_ recorder: StepRecorder) throws -> Network {
    let twin = try twin()
    twin.recorder = recorder
    try usage.reading {
      for (target, source) in zip(twin.parameters, parameters) {
        target.value.pointer.update(from: source.value.pointer, count: source.count)
      }
      twin.whitening = whitening
    }
    return twin
  }
}
