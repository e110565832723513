import Kernels
import Networks
import Tensors

/// Bytes of tensor memory that a network takes when it computes.
public struct MemoryUse: Hashable, Sendable {
  public let weights: Int
  public let gradients: Int
  public let velocities: Int
  /// Outputs of layers and their gradients, and what forward keeps for backward.
  public let activations: Int
  /// Packed weights, per-thread buffers, and temporary copies.
  public let scratch: Int

  public var total: Int { weights + gradients + velocities + activations + scratch }
}

extension Network {
  /// The most images for which memory is predicted.
  private static let maximumBatch = 1 << 20

  /// What the network will take for `batch` images at once: a training step, or inference with feature maps
  /// computed a few images at a time, as in ``probabilities(batch:input:into:)``. The step is rehearsed, so the figure
  /// holds for the number of threads and the instruction set in use now; nothing is allocated and nothing of this
  /// network changes.
  /// - Throws: ``EngineError/invalidValue(_:)`` for a batch outside 1 … 2²⁰ and for arithmetic not available in
  ///   training, ``EngineError/outOfMemory(_:)`` if even the address space is too small.
  public func memory(batch: Int, training: Bool, arithmetic: Arithmetic = Arithmetic()) throws -> MemoryUse {
    try Self.rehearse(batch: batch, training: training, arithmetic: arithmetic) { try twin() }
  }

  /// The same for a network that need not exist or fit into memory.
  public static func memory(
    of spec: NetworkSpec, batch: Int, training: Bool, arithmetic: Arithmetic = Arithmetic()
  ) throws -> MemoryUse {
    try rehearse(batch: batch, training: training, arithmetic: arithmetic) {
      try Network(spec: spec) { try ComputeContext() }
    }
  }

  private static func rehearse(
    batch: Int, training: Bool, arithmetic: Arithmetic, _ makeNetwork: () throws -> Network
  ) throws -> MemoryUse {
    guard (1...maximumBatch).contains(batch) else {
      throw EngineError.invalidValue("memory: got a batch of \(batch) images, expected 1 to \(maximumBatch)")
    }
    if training { try arithmetic.requireTrainable(operation: "memory") }
    let rehearsal = MemoryRehearsal()
    return try rehearsal.run {
      let network = try makeNetwork()
      let weights = rehearsal.liveBytes
      if training {
        try network.rehearseTraining(batch: batch, arithmetic: arithmetic)
      } else {
        try network.rehearseInference(batch: batch, arithmetic: arithmetic)
      }
      let gradients = network.gradientMemory.blocks.reduce(0) { $0 + $1.byteCount }
      let velocities = network.parameters.reduce(0) { $0 + $1.velocityBytes }
      let activations = network.activationBytes
      return MemoryUse(
        weights: weights, gradients: gradients, velocities: velocities, activations: activations,
        scratch: rehearsal.peakBytes - weights - gradients - velocities - activations)
    }
  }

  // The caller's labels and results are not the network's memory: a rehearsal outside the measured one takes them.

  private func rehearseTraining(batch: Int, arithmetic: Arithmetic) throws {
    let labels = try MemoryRehearsal().run { try AlignedBuffer<Int32>(count: batch, operation: "labels") }
    try withExtendedLifetime(labels) {
      _ = try trainStep(
        batch: batch, labels: labels.pointer, input: whitened { _, _, _ in },
        options: try StepOptions(
          learningRate: 0, momentum: 0, weightDecay: 0, seed: 0, step: 0, arithmetic: arithmetic))
    }
  }

  private func rehearseInference(batch: Int, arithmetic: Arithmetic) throws {
    let count = try Extent.product([batch, classCount], operation: "memory")
    let answers = try MemoryRehearsal().run { try AlignedBuffer<Float>(count: count, operation: "probabilities") }
    try withExtendedLifetime(answers) {
      try probabilities(batch: batch, arithmetic: arithmetic, input: whitened { _, _, _ in }, into: answers.pointer)
    }
  }
}
