import Synchronization
import Tensors

/// Weights in the forms that kernels read (packed, of lower precision), kept between inference calls.
///
/// A form is made by the thread that first needs it and is valid until the weights change (see ``WeightRevision``).
/// While the weights are borrowed for writing, nothing is kept.
final class WeightCache: Sendable {
  enum Form: Hashable, Sendable {
    /// float32 panels with this many columns, as the convolution reads them; another image size may need others.
    case packedFloat32(columns: Int)
    /// bfloat16 panels of a convolution or a dense layer.
    case packedBFloat16
    /// Filters transformed for Winograd's method, whose tiles depend on the image's size.
    case winograd(elements: Int)
    /// Scales and signed bytes of a dense layer that reads floats.
    case int8
    /// Scales, sums and panels of signed bytes of a layer that reads bytes.
    case packedInt8
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

  /// `parameter` in `form`: `byteCount` bytes, written by `make` when the weights have changed.
  ///
  /// - Returns: nil while the weights are borrowed, and for 0 bytes: the caller then makes the form for itself. A
  ///   reader of the memory must keep the buffer alive. Threads that request a missing form at the same time each make
  ///   it, and all use the first one finished.
  /// - Throws: ``EngineError/outOfMemory(_:)``, and what `make` throws; nothing is kept then.
  func form(
    _ form: Form, of parameter: Parameter, byteCount: Int, make: (UnsafeMutableRawPointer) throws -> Void
  ) throws -> AlignedBuffer<UInt8>? {
    guard byteCount > 0, let revision = parameter.revision.current else { return nil }
    let key = Key(parameter: ObjectIdentifier(parameter), form: form)
    if let known = kept(key, revision: revision) { return known }
    // Made outside the lock: others need not wait, and a fork would leave the child with a lock that nobody releases.
    let memory = try AlignedBuffer<UInt8>(count: byteCount, operation: "packed \(parameter.name)")
    try make(UnsafeMutableRawPointer(memory.pointer))
    return keep(Entry(revision: revision, memory: memory), as: key, of: parameter)
  }

  /// The form of that revision, if there is one; an older one is freed.
  private func kept(_ key: Key, revision: Int) -> AlignedBuffer<UInt8>? {
    let entry = entries.change { entries -> Entry? in
      if let entry = entries[key], entry.revision < revision { entries[key] = nil }
      return entries[key]
    }
    return entry?.revision == revision ? entry?.memory : nil
  }

  /// Keeps the new form, unless another thread was faster or the weights have changed since.
  /// - Returns: the memory to use.
  private func keep(_ made: Entry, as key: Key, of parameter: Parameter) -> AlignedBuffer<UInt8> {
    entries.change { entries -> AlignedBuffer<UInt8> in
      if let other = entries[key], other.revision == made.revision { return other.memory }
      if parameter.revision.current == made.revision { entries[key] = made }
      return made.memory
    }
  }

  /// Frees the forms whose weights have changed.
  func removeStale(of parameters: [Parameter]) {
    if entries.withLock({ $0.isEmpty }) { return }
    let revisions = Dictionary(
      parameters.map { (ObjectIdentifier($0), $0.revision.current) }, uniquingKeysWith: { first, _ in first })
    entries.change { entries in
      entries = entries.filter { key, entry in revisions[key.parameter] == entry.revision }
    }
  }

  /// Frees all forms.
  func removeAll() { entries.change { $0 = [:] } }

  /// Bytes that the kept forms take.
  var byteCount: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.memory.count } } }
}
