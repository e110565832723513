import Synchronization
import Tensors

/// Weights in the forms that kernels read (packed, of lower precision), kept between calls of inference.
///
/// A form is made when it is first needed, by whichever thread needs it, and holds as long as the weights stay as they
/// are (see ``WeightRevision``). While somebody has the weights borrowed for writing nothing is kept.
final class WeightCache: Sendable {
  enum Form: Hashable, Sendable {
    /// Panels of float32, as the convolution reads them.
    case packedFloat32
    /// Panels of bfloat16, of a convolution or a dense layer.
    case packedBFloat16
    /// Filters transformed for Winograd's method.
    case winograd
    /// Scales and signed bytes of a dense layer.
    case int8
  }

  private struct Key: Hashable {
    let parameter: ObjectIdentifier
    let form: Form
  }

  private struct Entry {
    /// The parameter's revision before the form was made.
    let revision: Int
    let memory: AlignedBuffer<UInt8>
  }

  private let entries = Mutex<[Key: Entry]>([:])

  /// `parameter` in `form`: `byteCount` bytes that `make` writes when the weights have changed.
  ///
  /// - Returns: nil while the weights are borrowed, and for 0 bytes: the caller then makes the form for itself. Whoever
  ///   reads the memory keeps the buffer alive.
  /// - Throws: ``EngineError/outOfMemory(_:)``, and what `make` throws; nothing is kept then.
  func form(
    _ form: Form, of parameter: Parameter, byteCount: Int, make: (UnsafeMutableRawPointer) throws -> Void
  ) throws -> AlignedBuffer<UInt8>? {
    guard byteCount > 0, let revision = parameter.revision.current else { return nil }
    let key = Key(parameter: ObjectIdentifier(parameter), form: form)
    let known = entries.withLock { entries in
      let entry = entries[key]
      if let entry, entry.revision != revision { entries[key] = nil }
      return entry
    }
    if let known, known.revision == revision { return known.memory }
    // Made outside the lock: others need not wait, and a fork would leave the child with a lock that nobody opens.
    let memory = try AlignedBuffer<UInt8>(count: byteCount, operation: "packed \(parameter.name)")
    try make(UnsafeMutableRawPointer(memory.pointer))
    entries.withLock { $0[key] = Entry(revision: revision, memory: memory) }
    return memory
  }

  /// Gives back the memory of forms whose weights have changed.
  func removeStale(of parameters: [Parameter]) {
    let revisions = Dictionary(
      parameters.map { (ObjectIdentifier($0), $0.revision.current) }, uniquingKeysWith: { first, _ in first })
    entries.withLock { entries in
      entries = entries.filter { key, entry in revisions[key.parameter] == entry.revision }
    }
  }

  /// Gives back the memory of all forms.
  func removeAll() { entries.withLock { $0.removeAll() } }

  /// Bytes that the kept forms take.
  var byteCount: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.memory.count } } }
}
