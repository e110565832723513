import Tensors

/// An open file: its sections, and tensors that are read and checked one by one.
///
/// Everything a malformed file can cause is thrown as ``JSON/Malformed`` or ``ModelFileError``.
final class SafetensorsReader {
  let header: FileHeader
  private let file: RegularFile
  /// Where the first tensor begins.
  private let start: Int
  private var unread: Set<String>

  /// - Throws: ``ModelFileError``, ``JSON/Malformed``.
  init(_ path: String) throws {
    file = try RegularFile(path)
    let size = file.byteCount
    guard size >= FileHeader.lengthBytes else { throw Self.notOurs(size) }
    let prefix = try file.bytes(at: 0, count: FileHeader.lengthBytes)
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let length = Int(exactly: length), length <= min(FileHeader.limit, size - FileHeader.lengthBytes) else {
      throw Self.notOurs(size)
    }
    let text = try file.bytes(at: FileHeader.lengthBytes, count: length)
    guard FileHeader.isOurs(text) else {
      throw JSON.Malformed("it was not written by swiftalexnet, or its header is damaged")
    }
    header = try FileHeader(parsing: text)
    start = FileHeader.lengthBytes + length
    unread = Set(header.tensors.map(\.name))
    guard size - start == header.tensorBytes else {
      throw JSON.Malformed("it is cut short, or longer than its header says (\(size) bytes)")
    }
  }

  private static func notOurs(_ size: Int) -> JSON.Malformed {
    JSON.Malformed("it is cut short or not a safetensors file (\(size) bytes)")
  }

  func section(_ name: String) throws -> JSON { try header.sections.required(name) }

  /// The tensor of that name; nil if there is none.
  func tensor(_ name: String) -> TensorEntry? { header.tensors.first { $0.name == name } }

  func requiredTensor(_ name: String) throws -> TensorEntry {
    guard let entry = tensor(name) else { throw JSON.Malformed("it has no tensor '\(name)'") }
    return entry
  }

  /// Reads numbers of 32 or 16 bits, which must be finite, into memory of their shape; with `scales`, one for each row,
  /// bytes that are multiplied by them.
  func read(into target: StridedFloats, scales: UnsafePointer<Float>? = nil) throws {
    let entry = try requiredTensor(target.name)
    try entry.require(shape: target.shape, types: scales == nil ? TensorEntry.floats : [.int8])
    try readHashed(entry) { read in
      try target.forEachPiece { piece in
        if let scales {
          try read(piece.quarters)
          guard piece.widen(scales: scales) else {
            throw JSON.Malformed("a weight of \(entry.name) is -128 times its scale, expected at least -127")
          }
        } else if entry.type == .float16 {
          try read(piece.halves)
          piece.widen()
        } else {
          try read(piece.bytes)
        }
        guard piece.values.allSatisfy(\.isFinite) else {
          throw JSON.Malformed("\(entry.name) holds values that are not finite")
        }
        try piece.scatter()
      }
    }
  }

  /// Checks the tensors that have not been read.
  func checkRest() throws {
    for entry in header.tensors where unread.contains(entry.name) {
      let scratch = try AlignedBuffer<UInt8>(
        count: min(entry.byteCount, Self.scratchBytes), operation: "reading \(file.path)")
      try withExtendedLifetime(scratch) {
        try readHashed(entry) { read in
          for at in stride(from: 0, to: entry.byteCount, by: Self.scratchBytes) {
            let count = min(Self.scratchBytes, entry.byteCount - at)
            try read(UnsafeMutableRawBufferPointer(start: scratch.pointer, count: count))
          }
        }
      }
    }
  }

  private static let scratchBytes = 8 << 20

  /// Lets `body` read the tensor's bytes, one buffer after another, then compares their hash.
  private func readHashed(
    _ entry: TensorEntry, _ body: (_ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    var (hash, offset) = (SHA256(), start + entry.begin)
    hash.update(entry.hashedPrefix)
    try body { bytes in
      try file.read(into: bytes, at: offset)
      hash.update(UnsafeRawBufferPointer(bytes))
      offset += bytes.count
    }
    guard hash.finish() == header.digests[entry.name] else {
      throw ModelFileError.damaged("\(file.path) is damaged: the SHA-256 of \(entry.name) does not match")
    }
    unread.remove(entry.name)
  }
}
