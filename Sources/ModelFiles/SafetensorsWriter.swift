import Tensors

/// Writes the package's own safetensors files, byte for byte as the Python package does.
enum SafetensorsWriter {
  /// Replaces `path` with a file of tensors and sections, atomically.
  /// - Parameters:
  ///   - halves: tensors whose numbers, at most 65504, are rounded to 16 bits.
  ///   - scales: of the rows of tensors whose numbers are bytes times these, and are written as bytes.
  /// - Throws: ``EngineError/invalidValue(_:)`` if sections and names are too long for a reader, and for numbers that
  ///   are no bytes times their scales; ``ModelFileError``,
  ///   ``EngineError/outOfMemory(_:)``; on any of these errors an existing file is unchanged.
  static func write(
    _ path: String, tensors: [StridedFloats], sections: [FileHeader.Section], halves: Set<String> = [],
    scales: [String: AlignedBuffer<Float>] = [:]
  ) throws {
    func type(of tensor: StridedFloats) -> TensorEntry.ElementType {
      scales[tensor.name] != nil ? .int8 : halves.contains(tensor.name) ? .float16 : .float32
    }
    // The widest types come first, names of one width in the order of their code points.
    let tensors = tensors.sorted { one, other in
      let (first, second) = (type(of: one).byteCount, type(of: other).byteCount)
      guard first == second else { return first > second }
      return one.name.unicodeScalars.lexicographicallyPrecedes(other.name.unicodeScalars)
    }
    var end = 0
    let entries = try tensors.map { tensor in
      let entry = try TensorEntry(name: tensor.name, type: type(of: tensor), shape: tensor.shape, begin: end)
      end = entry.end
      return entry
    }
    var header = FileHeader(sections: sections, tensors: entries)
    let start = header.encoded.count
    guard start - FileHeader.lengthBytes <= FileHeader.limit else {
      throw EngineError.invalidValue(
        "\(path) would need a header of \(start - FileHeader.lengthBytes) bytes, expected at most \(FileHeader.limit)")
    }
    try AtomicFile.replacing(path) { file in
      for (tensor, entry) in zip(tensors, entries) {
        header.digests[entry.name] = try write(
          tensor, entry, scales: scales[tensor.name], to: file, at: start + entry.begin)
      }
      try header.encoded.withUnsafeBytes { try file.write($0, at: 0) }
      try file.require(byteCount: start + end)
    }
  }

  /// Writes a tensor and returns its hash.
  private static func write(
    _ tensor: StridedFloats, _ entry: TensorEntry, scales: AlignedBuffer<Float>?, to file: AtomicFile, at offset: Int
  ) throws -> String {
    var (hash, offset) = (SHA256(), offset)
    hash.update(entry.hashedPrefix)
    try tensor.forEachPiece { piece in
      try piece.gather()
      let bytes: UnsafeMutableRawBufferPointer
      if let scales {
        guard withExtendedLifetime(scales, { piece.narrow(scales: scales.pointer) }) else {
          throw EngineError.invalidValue(
            "save: \(entry.name) has been changed since the model was quantised, expected the rounded weights")
        }
        bytes = piece.quarters
      } else if entry.type == .float16 {
        piece.narrow()
        bytes = piece.halves
      } else {
        bytes = piece.bytes
      }
      hash.update(UnsafeRawBufferPointer(bytes))
      try file.write(UnsafeRawBufferPointer(bytes), at: offset)
      offset += bytes.count
    }
    return hash.finish()
  }
}
