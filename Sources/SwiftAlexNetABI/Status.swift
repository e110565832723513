import CForkGate
import CSwiftAlexNet
import Tensors

/// Runs the body of an exported function: an error becomes a status and this thread's last message. A fork waits
/// meanwhile.
func status(_ body: () throws -> Void) -> Int32 {
  fork_gate_enter()
  defer { fork_gate_leave() }
  do {
    try body()
    return Int32(SAX_OK)
  } catch let error as EngineError {
    sax_set_last_error(error.description)
    return error.status
  } catch {
    sax_set_last_error("internal error: \(error)")
    return Int32(SAX_INTERNAL)
  }
}

extension EngineError {
  fileprivate var status: Int32 {
    switch self {
    case .invalidValue: return Int32(SAX_INVALID_VALUE)
    case .outOfMemory: return Int32(SAX_OUT_OF_MEMORY)
    case .unsupported: return Int32(SAX_UNSUPPORTED)
    case .nonFinite: return Int32(SAX_NON_FINITE)
    case .concurrentUse: return Int32(SAX_CONCURRENT_USE)
    case .interrupted: return Int32(SAX_INTERRUPTED)
    }
  }
}
