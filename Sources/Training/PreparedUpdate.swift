import Kernels
import Networks
import Tensors

/// An update in two calls, for a network whose parts are networks of their own, perhaps in other processes: if one of
/// them refuses, none is committed.
extension Network {
  /// Checks the gradients of the last backward pass and the update by them; changes nothing.
  /// - Throws: As a training step's update. What was prepared before is then forgotten.
  public func prepareUpdate(_ options: StepOptions) throws {
    try usage.writing("prepare_update") {
      prepared = nil
      prepared = try updates(options, try options.hyperparameters(of: parameters), context: try updateContext())
    }
  }

  /// Makes the update that was prepared; nothing interrupts it. Gradients, weights and velocities must not have been
  /// written since.
  /// - Throws: ``EngineError/invalidValue(_:)`` if none was prepared, ``EngineError/concurrentUse(_:)``.
  public func commitUpdate() throws {
    try usage.writing("commit_update") {
      guard let updates = prepared else {
        throw EngineError.invalidValue("commit_update: no update has been prepared; call prepare_update first")
      }
      let context = try updateContext()
      prepared = nil
      try commit(updates, context: context)
    }
  }

  /// The pass's context, whose memory is there already.
  func updateContext() throws -> ComputeContext { try kept?.context ?? makeContext() }
}
