import Networks

/// Where the time of a training step, or of inference on a batch, goes.
public struct Profile: Sendable {
  public struct Row: Sendable {
    /// The nodes computed in one pass, `conv1 + relu1`; or `input`, `loss`, `update`, `other`.
    public let name: String
    /// The first node's; empty if the row is not a layer.
    public let kind: String
    /// Medians over the repeats. Backward includes data and filter gradients; 0 in inference.
    public let forwardSeconds: Double
    public let backwardSeconds: Double
    public let forwardWork: Work
    public let backwardWork: Work
  }

  /// The machine's limits, measured in the same run.
  public struct Limits: Sendable {
    /// Additions and multiplications per second in the precision of the pass, on all threads.
    public let operationsPerSecond: Double
    /// Read from memory by all threads.
    public let bytesPerSecond: Double

    /// The least time for some work: the longer of arithmetic and memory.
    public func seconds(_ work: Work) -> Double {
      max(work.operations / operationsPerSecond, work.bytes / bytesPerSecond)
    }
  }

  public let batch: Int
  public let training: Bool
  /// The median of whole passes.
  public let seconds: Double
  public let limits: Limits
  public let rows: [Row]
}
