import Tensors

/// What an execution computes. Executions of equal passes can stand in for each other.
struct Pass: Hashable {
  /// The nodes that are computed, starting at the one that reads the input.
  let nodes: ClosedRange<Int>
  /// What the first of them reads.
  let input: FeatureShape
  /// Nodes whose own output the caller wants to see: these are computed unfused and kept.
  var observed: Set<Int> = []
  let arithmetic: Arithmetic
  var backward: BackwardReach?
}

/// How far a backward pass goes, and what for.
struct BackwardReach: Hashable {
  /// The first node that gradients are taken back through. They also reach the one before it, unless the pass trains.
  let first: Int
  /// Whether parameters get gradients. Such a backward pass follows its forward pass once; otherwise gradients can be
  /// taken back any number of times.
  let trains: Bool

  static let training = BackwardReach(first: 0, trains: true)
}
