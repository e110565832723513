import Tensors

extension Network {
  /// A network of the same specification, with the same factors on rates and decays, weights of zero and memory of its
  /// own: for work that must leave this one as it is.
  package func twin() throws -> Network {
    let twin = try Network(spec: spec, makeContext: makeContext)
    try usage.reading {
      for (target, source) in zip(twin.parameters, parameters) {
        target.rateMultiplier = source.rateMultiplier
        target.decayMultiplier = source.decayMultiplier
      }
      twin.whitening = try whitening.map { try Whitening(size: $0.size) }
    }
    return twin
  }

  /// A twin with these weights and this whitening, that tells `recorder` what its passes take.
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
