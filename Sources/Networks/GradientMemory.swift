import Synchronization
import Tensors

/// The gradients of a network's parameters, one after the other in the order in which a backward pass finishes them:
/// the last layer's first. So processes that share a batch can add the first of them while the pass goes on.
///
/// Memory is allocated (zeroed) when first needed, for the parameters that need it: in one block, or in several if
/// layers were frozen at first.
public final class GradientMemory: Sendable {
  private struct State {
    var blocks: [AlignedBuffer<Float>] = []
    /// In the order of the memory; as many as have been made.
    var gradients: [AlignedBuffer<Float>] = []
  }

  /// Floats of every gradient.
  private let counts: [Int]
  private let state = Mutex(State())
  private let finished = Atomic<Int>(0)

  /// - Parameter counts: of the parameters' elements, in the order of the memory.
  init(counts: [Int]) { self.counts = counts }

  /// Gradients begin at multiples of a cache line.
  private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// Floats up to the end of the first `places` gradients.
  private func end(_ places: Int) -> Int { counts.prefix(places).reduce(0) { $0 + Self.padded($1) } }

  /// The gradient at a place in the order.
  /// - Throws: ``EngineError/outOfMemory(_:)``.
  func gradient(at place: Int, operation: String) throws -> AlignedBuffer<Float> {
    while true {
      let (made, number) = state.change { state in
        (place < state.gradients.count ? state.gradients[place] : nil, state.gradients.count)
      }
      if let made { return made }
      // Made outside the lock: a fork while it is zeroed would leave the child with a lock that nobody releases.
      let first = end(number)
      let block = try AlignedBuffer<Float>(count: end(place + 1) - first, operation: operation)
      let gradients = try (number...place).map { index in
        let start = end(index) - first
        return try AlignedBuffer(part: start..<start + counts[index], of: block, operation: operation)
      }
      state.change { state in
        guard state.gradients.count == number else { return }
        state.blocks.append(block)
        state.gradients += gradients
      }
    }
  }

  /// Bytes of a gradient; 0 if it has not been needed yet.
  func byteCount(at place: Int) -> Int {
    state.change { place < $0.gradients.count ? $0.gradients[place].byteCount : 0 }
  }

  /// The memory of all gradients that have been needed so far, in order.
  public var blocks: [AlignedBuffer<Float>] { state.change { $0.blocks } }

  /// Floats of the memory, from its start, that the backward pass under way has finished; after it, that it has written.
  /// Other threads may read this, and then those floats, while the pass goes on.
  public var finishedCount: Int { finished.load(ordering: .acquiring) }

  /// - Parameter places: gradients that are finished.
  func finish(_ places: Int) { finished.store(end(places), ordering: .releasing) }
}
