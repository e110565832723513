import CShims

/// Adds up the time of each part of a pass. A network has one only while it is profiled; without one no clock is read.
package final class StepRecorder {
  package enum Part: Hashable {
    /// Writing the batch: crops, mirrors, the mean.
    case input
    case forward(ClosedRange<Int>)
    /// The softmax; in training also the loss and its gradient.
    case loss
    case backward(ClosedRange<Int>)
    case update
  }

  package private(set) var seconds: [Part: Double] = [:]

  package init() {}

  package func reset() { seconds.removeAll(keepingCapacity: true) }

  /// Adds the time since `start` to a part.
  package func add(_ part: Part, since start: Double?) {
    if let start { seconds[part, default: 0] += shim_seconds() - start }
  }

  /// For ``add(_:since:)``; nil when nothing is recorded.
  package static func start(_ recorder: StepRecorder?) -> Double? { recorder == nil ? nil : shim_seconds() }
}
