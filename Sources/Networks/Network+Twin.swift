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
}
